"""Writes `morlaif/services`: typed stubs of every service, for calling and for handling.

usage: protoc -I Protos --include_source_info --include_imports --descriptor_set_out=SET FILES...
       python3 generate_stubs.py SET OUTPUT_FOLDER

Needs nothing but the standard library, so that `Protos/generate` runs wherever protoc does. It reads
the few fields of `google/protobuf/descriptor.proto` that it needs by their numbers.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

KINDS = {
    (False, False): "UNARY",
    (False, True): "SERVER_STREAMING",
    (True, False): "CLIENT_STREAMING",
    (True, True): "BIDIRECTIONAL",
}
WIDTH = 100


@dataclass
class MethodPlan:
    """One method, with the Python names of what it mentions."""

    name: str
    request: str
    reply: str
    kind: str
    is_idempotent: bool
    comment: str

    @property
    def python_name(self) -> str:
        """Name of its function."""
        name = snake(self.name)
        return f"{name}_" if keyword.iskeyword(name) else name

    @property
    def constant(self) -> str:
        """Name of its description."""
        return snake(self.name).upper()


@dataclass
class ServicePlan:
    """One service."""

    name: str
    full_name: str
    comment: str
    methods: list[MethodPlan] = field(default_factory=list)


def snake(name: str) -> str:
    """`SwapScalarizer` as `swap_scalarizer`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def read_varint(data: bytes, offset: int) -> tuple[int, int]:
    """A varint and the offset behind it."""
    value = shift = 0
    while True:
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, offset


def read_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field."""
    offset = 0
    while offset < len(data):
        key, offset = read_varint(data, offset)
        if key & 7 == 0:
            value, offset = read_varint(data, offset)
            yield key >> 3, value
            continue
        if key & 7 == 2:
            size, offset = read_varint(data, offset)
        else:
            size = 8 if key & 7 == 1 else 4
        yield key >> 3, data[offset : offset + size]
        offset += size


def grouped(data: bytes) -> dict[int, list]:
    """Values of each field by its number."""
    fields: dict[int, list] = {}
    for number, value in read_fields(data):
        fields.setdefault(number, []).append(value)
    return fields


def text(fields: dict[int, list], number: int) -> str:
    """A text field."""
    return fields.get(number, [b""])[-1].decode("utf-8")


def comments(file: dict[int, list]) -> dict[tuple[int, ...], str]:
    """Leading comments by the path of what they describe."""
    found = {}
    for info in file.get(9, []):
        for location in grouped(info).get(1, []):
            fields = grouped(location)
            path, offset = [], 0
            for packed in fields.get(1, []):
                while offset < len(packed):
                    number, offset = read_varint(packed, offset)
                    path.append(number)
            if comment := text(fields, 3).strip():
                found[tuple(path)] = " ".join(line.strip() for line in comment.split("\n"))
    return found


class Generator:
    """Plans and prints the stubs of one descriptor set."""

    def __init__(self, data: bytes) -> None:
        self.files = [grouped(file) for file in grouped(data).get(1, [])]
        self.modules = {}
        for file in self.files:
            module = Path(text(file, 1)).stem + "_pb2"
            for message in file.get(4, []):
                self.modules[f".{text(file, 2)}.{text(grouped(message), 1)}"] = module

    def python_type(self, name: str) -> str:
        """`.morlaif.v1.FileChunk` as `common_pb2.FileChunk`."""
        return f"{self.modules[name]}.{name.rpartition('.')[2]}"

    def services(self, file: dict[int, list]) -> list[ServicePlan]:
        """The services that a file declares."""
        notes = comments(file)
        plans = []
        for index, data in enumerate(file.get(6, [])):
            fields = grouped(data)
            name = text(fields, 1)
            plan = ServicePlan(name, f"{text(file, 2)}.{name}", notes.get((6, index), ""))
            for number, method in enumerate(fields.get(2, [])):
                note = notes.get((6, index, 2, number), "")
                plan.methods.append(self.method(grouped(method), note))
            plans.append(plan)
        return plans

    def method(self, fields: dict[int, list], comment: str) -> MethodPlan:
        """One method."""
        options = grouped(fields.get(4, [b""])[-1])
        streams = (bool(fields.get(5, [0])[-1]), bool(fields.get(6, [0])[-1]))
        return MethodPlan(
            name=text(fields, 1),
            request=self.python_type(text(fields, 2)),
            reply=self.python_type(text(fields, 3)),
            kind=KINDS[streams],
            is_idempotent=options.get(34, [0])[-1] != 0,
            comment=comment,
        )

    def write(self, folder: Path) -> None:
        """Writes a module for each file with services, and the package that names them all."""
        folder.mkdir(parents=True, exist_ok=True)
        exports = []
        for file in self.files:
            plans = self.services(file)
            if not plans:
                continue
            path = text(file, 1)
            stem = Path(path).stem
            (folder / f"{stem}.py").write_text(self.module(path, plans), encoding="utf-8")
            names = [f"{p}{plan.name}{s}" for plan in plans
                     for p, s in (("Async", ""), ("", ""), ("", "Handler"))]
            exports.append((stem, names))
        lines = [
            "# Generated by Protos/generate. Do not edit.",
            '"""Typed stubs of every service: `X` and `AsyncX` to call it, `XHandler` to offer it."""',
            "",
        ]
        for stem, names in sorted(exports):
            lines.append(f"from morlaif.services.{stem} import {', '.join(sorted(names))}")
        lines += ["", "__all__ = ["]
        lines += [f'    "{name}",' for name in sorted(n for _, names in exports for n in names)]
        lines += ["]", ""]
        (folder / "__init__.py").write_text("\n".join(lines), encoding="utf-8")

    def module(self, path: str, plans: list[ServicePlan]) -> str:
        """The module of one file."""
        own = Path(path).stem + "_pb2"
        used = {t.partition(".")[0] for p in plans for m in p.methods for t in (m.request, m.reply)}
        lines = [
            f"# Generated by Protos/generate from {path}. Do not edit.",
            *docstring(f"Calls and handles {' and '.join(f'`{p.full_name}`' for p in plans)}.", ""),
            "",
            "from __future__ import annotations",
            "",
            "from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Iterator",
            "from typing import Any",
            "",
            "from morlaif.client import DEFAULT, AsyncCall, AsyncClient",
            "from morlaif.method import Handler, Method, MethodKind, Service",
            "from morlaif.server_call import Context",
            "from morlaif.status import Metadata",
            "from morlaif.sync import Call, Client",
            f"from morlaif.v1 import {', '.join(sorted(used | {own}))}",
        ]
        for plan in plans:
            lines += self.descriptions(plan, own)
            lines += self.caller(plan, is_async=False)
            lines += self.caller(plan, is_async=True)
            lines += self.handler(plan)
        return "\n".join(lines) + "\n"

    def descriptions(self, plan: ServicePlan, own: str) -> list[str]:
        """The methods as values."""
        lines = [""]
        for method in plan.methods:
            lines += [
                f"{method.constant} = Method(",
                f'    "{plan.full_name}",',
                f'    "{method.name}",',
                f"    MethodKind.{method.kind},",
                f"    {method.request},",
                f"    {method.reply},",
                f"    is_idempotent={method.is_idempotent},",
                f'    python_name="{method.python_name}",',
                ")",
            ]
        names = ", ".join(method.constant for method in plan.methods)
        comma = "," if len(plan.methods) == 1 else ""
        return lines + [
            f"{snake(plan.name).upper()} = Service(",
            f'    "{plan.full_name}",',
            f"    ({names}{comma}),",
            f"    {own}.DESCRIPTOR,",
            ")",
        ]

    def caller(self, plan: ServicePlan, is_async: bool) -> list[str]:
        """The class that calls a service."""
        prefix = "Async" if is_async else ""
        lines = [
            "",
            "",
            f"class {prefix}{plan.name}:",
            *docstring(f"Calls `{plan.full_name}`. {plan.comment}".strip(), "    "),
            "",
            f"    def __init__(self, client: {prefix}Client) -> None:",
            "        self._client = client",
        ]
        for method in plan.methods:
            lines += [""] + self.call(method, prefix)
        return lines

    def call(self, method: MethodPlan, prefix: str) -> list[str]:
        """One function of a calling class."""
        request, reply = method.request, method.reply
        one = f"request: {request}"
        many = f"requests: Iterable[{request}]"
        if prefix:
            many += f" | AsyncIterable[{request}]"
        optional = f"{many} | None = None"
        default = "float | None"
        if method.kind == "UNARY":
            head, argument, result, default = "unary", one, reply, "float | None | object"
            values = f"{method.constant}, request"
        elif method.kind == "CLIENT_STREAMING":
            head, argument, result = "client_streaming", many, reply
            default = "float | None | object"
            values = f"{method.constant}, requests"
        else:
            head, result = "stream", f"{prefix}Call[{request}, {reply}]"
            if method.kind == "SERVER_STREAMING":
                argument, values = one, f"{method.constant}, request"
            else:
                argument, values = optional, f"{method.constant}, None, requests"
        is_coroutine = prefix and head != "stream"
        initial = "None" if head == "stream" else "DEFAULT"
        return [
            f"    {'async ' if is_coroutine else ''}def {method.python_name}(",
            "        self,",
            f"        {argument},",
            "        *,",
            f"        timeout: {default} = {initial},",
            "        metadata: Metadata = (),",
            f"    ) -> {result}:",
            *docstring(method.comment or f"Calls `{method.name}`.", "        "),
            f"        return {'await ' if is_coroutine else ''}self._client.{head}(",
            f"            {values}, timeout=timeout, metadata=metadata",
            "        )",
        ]

    def handler(self, plan: ServicePlan) -> list[str]:
        """The class that a server derives its own from."""
        lines = [
            "",
            "",
            f"class {plan.name}Handler(Handler):",
            *docstring(
                f"Handles `{plan.full_name}`: derive from it and define what is offered. Coroutine "
                "functions and asynchronous generators run on the server's event loop, other "
                "functions on threads of their own.",
                "    ",
            ),
            "",
            f"    service = {snake(plan.name).upper()}",
        ]
        for method in plan.methods:
            streams_in = method.kind in ("CLIENT_STREAMING", "BIDIRECTIONAL")
            streams_out = method.kind in ("SERVER_STREAMING", "BIDIRECTIONAL")
            argument = "requests: Any" if streams_in else f"request: {method.request}"
            if streams_out:
                result = f"Iterator[{method.reply}] | AsyncIterator[{method.reply}]"
            else:
                result = f"{method.reply} | Awaitable[{method.reply}]"
            lines += [
                "",
                f"    def {method.python_name}(",
                f"        self, {argument}, context: Context",
                f"    ) -> {result}:",
                *docstring(method.comment or f"Handles `{method.name}`.", "        "),
                "        raise NotImplementedError",
            ]
        return lines


def docstring(content: str, indent: str) -> list[str]:
    """A docstring, broken at spaces."""
    content = content.replace("\\", "\\\\")
    if len(indent) + len(content) + 6 <= WIDTH:
        return [f'{indent}"""{content}"""']
    lines, line = [], f'{indent}"""'
    for word in content.split():
        if len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = indent + word
        else:
            line += word if line.endswith('"""') else f" {word}"
    return [*lines, line, f'{indent}"""']


def main() -> None:
    """Reads the descriptor set and writes the stubs."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    Generator(Path(sys.argv[1]).read_bytes()).write(Path(sys.argv[2]))


if __name__ == "__main__":
    main()

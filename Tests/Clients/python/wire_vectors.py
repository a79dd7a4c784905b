"""Reads Tests/Vectors/wire, whose README.md describes the format."""

from __future__ import annotations

from dataclasses import dataclass, field

from peers import ROOT
from morlaif.wire.frames import HEADER_BYTES, FrameHeader


@dataclass
class Vector:
    """One conversation."""

    name: str
    needs_calls: bool = False
    features: list[str] = field(default_factory=list)
    """What the side under test names in its HELLO."""
    limits: dict[str, int] = field(default_factory=dict)
    opens: list[str] = field(default_factory=lambda: ["stream", "stream"])
    steps: list[tuple[str, bytes]] = field(default_factory=list)
    """`client`, `server`, `drains` or `closes`, and bytes."""
    expectations: list[tuple[str, list[str]]] = field(default_factory=list)
    """The side under test and what it must have done."""

    @property
    def is_for_client(self) -> bool:
        """Whether a client is under test."""
        return self.expectations[0][0] == "client"

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(len(data) for _, data in self.steps)


def data_of(words: list[str]) -> bytes:
    """Bytes of hexadecimal words; `HEX*N` stands for N times the same."""
    parts = []
    for word in words:
        digits, _, times = word.partition("*")
        parts.append(bytes.fromhex(digits) * int(times or 1))
    return b"".join(parts)


def read(path) -> Vector:
    """One file."""
    vector = Vector(path.name)
    for line in path.read_text().splitlines():
        word, *rest = line.split() or ["#"]
        if word == "needs":
            if rest == ["calls"]:
                vector.needs_calls = True
            else:
                vector.features += rest
        elif word == "limits":
            vector.limits = {name: int(n) for name, _, n in (r.partition("=") for r in rest)}
        elif word == "opens":
            vector.opens = rest
        elif word == "expect":
            vector.expectations.append((rest[0], rest[1:]))
        elif word in ("client", "server", "drains", "closes"):
            vector.steps.append((word, data_of(rest)))
        elif word != "#":
            raise ValueError(f"{path.name}: {line}")
    return vector


def frames_of(data: bytes) -> list[tuple[FrameHeader, bytes]]:
    """Frames that a side has sent."""
    frames = []
    while data:
        header = FrameHeader.decode(data[:HEADER_BYTES], 16_777_216)
        end = HEADER_BYTES + header.length
        frames.append((header, data[HEADER_BYTES:end]))
        data = data[end:]
    return frames


PATHS = sorted((ROOT / "Tests/Vectors/wire").glob("*.wire"))
KNOWN_FEATURES = {"zlib"}
ALL = [vector for vector in map(read, PATHS) if KNOWN_FEATURES.issuperset(vector.features)]

"""Reads and writes the few protobuf shapes of control messages (W7).

A reader of its own, because protobuf libraries take a field of the wrong wire type for an unknown
one, and this layer has to refuse it as the other implementations do.
"""

from __future__ import annotations

from collections.abc import Iterator

from morlaif.wire.errors import malformed

Value = int | bytes
"""A varint or fixed number, or the content of a field with a length."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def read_varint(data: bytes, offset: int) -> tuple[int, int]:
    """The varint at `offset`, of at most ten bytes and 64 bits, and the offset behind it."""
    value = shift = 0
    end = len(data)
    while offset < end and shift < 70:
        byte = data[offset]
        offset += 1
        if shift == 63 and byte > 1:
            break
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, offset
        shift += 7
    raise malformed("varint")


def read_fields(data: bytes) -> Iterator[tuple[int, int, Value]]:
    """Number, wire type and value of each field, in their order.

    Raises:
        WireError: for rule 7 when the bytes are not protobuf.
    """
    offset, end = 0, len(data)
    while offset < end:
        key, offset = read_varint(data, offset)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise malformed("field number 0")
        if kind == VARINT:
            value, offset = read_varint(data, offset)
            yield number, kind, value
            continue
        if kind == BYTES:
            size, offset = read_varint(data, offset)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise malformed(f"wire type {kind}")
        if size > end - offset:
            raise malformed("truncated field")
        content = data[offset : offset + size]
        offset += size
        yield number, kind, content if kind == BYTES else int.from_bytes(content, "little")


def number_of(kind: int, value: Value, name: str) -> int:
    """A field that must be a varint."""
    if kind != VARINT:
        raise malformed(f"{name} has the wrong type")
    return value  # type: ignore[return-value]


def content_of(kind: int, value: Value, name: str) -> bytes:
    """A field that must have a length."""
    if kind != BYTES:
        raise malformed(f"{name} has the wrong type")
    return value  # type: ignore[return-value]


def text_of(kind: int, value: Value, name: str, is_identifier: bool = False) -> str:
    """A field that must be UTF-8 and, when it is an identifier, free of NUL."""
    content = content_of(kind, value, name)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise malformed(f"{name} is not UTF-8") from None
    if is_identifier and "\0" in text:
        raise malformed(f"{name} holds a NUL")
    return text


def varint(value: int) -> bytes:
    """A number as a varint."""
    if value < 0x80:
        return bytes((value,))
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def number_field(number: int, value: int) -> bytes:
    """A varint field, left out when zero."""
    return varint(number << 3) + varint(value) if value else b""


def bytes_field(number: int, content: bytes) -> bytes:
    """A field with a length, left out when empty."""
    return varint(number << 3 | BYTES) + varint(len(content)) + content if content else b""


def message_field(number: int, content: bytes) -> bytes:
    """A message in a message; kept when empty."""
    return varint(number << 3 | BYTES) + varint(len(content)) + content


def cut(text: str, bytes_max: int) -> bytes:
    """The longest prefix of at most `bytes_max` bytes that ends at a character's boundary (W26)."""
    content = text.encode("utf-8", "replace")
    if len(content) <= bytes_max:
        return content
    return content[:bytes_max].decode("utf-8", "ignore").encode("utf-8")

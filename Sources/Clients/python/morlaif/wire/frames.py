"""Frames: a header of 16 bytes and its payload (WIRE.md section 2)."""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

from morlaif.wire import limits
from morlaif.wire.errors import WireError

HEADER_BYTES = 16
_HEADER = struct.Struct(">IBBHQ")

END, MESSAGE, MORE, COMPRESSED = 0x01, 0x02, 0x04, 0x08
"""Flags: the client sends no more; message bytes follow the header block; the message goes on; it is a
zlib stream (only with the feature)."""


class FrameType(enum.IntEnum):
    """The kinds of frames."""

    HELLO = 1
    CALL = 2
    MESSAGE = 3
    END = 4
    STATUS = 5
    CANCEL = 6
    WINDOW = 7
    PING = 8
    PONG = 9
    GO_AWAY = 10


_TYPES = {kind.value: kind for kind in FrameType}
_ALLOWED_FLAGS = {
    FrameType.CALL: END | MESSAGE | MORE | COMPRESSED,
    FrameType.MESSAGE: END | MORE | COMPRESSED,
    FrameType.STATUS: MESSAGE | COMPRESSED,
}
_OF_CALLS = {
    FrameType.CALL,
    FrameType.MESSAGE,
    FrameType.END,
    FrameType.STATUS,
    FrameType.CANCEL,
}
_LARGE = {FrameType.CALL, FrameType.MESSAGE, FrameType.END, FrameType.STATUS}


@dataclass(slots=True)
class FrameHeader:
    """The 16 bytes before every payload."""

    kind: FrameType
    flags: int
    call_id: int
    length: int
    """Bytes of payload, header not counted."""

    @property
    def cost(self) -> int:
        """Bytes that this frame takes from both windows; 0 when it is free (W27)."""
        if self.kind in (FrameType.CALL, FrameType.MESSAGE) or (
            self.kind is FrameType.STATUS and self.flags & MESSAGE
        ):
            return HEADER_BYTES + self.length
        return 0

    @classmethod
    def decode(cls, data: bytes, frame_payload_bytes_max: int) -> FrameHeader:
        """Reads 16 bytes and checks all that needs no state (W5 to W8).

        Raises:
            WireError: naming the rule that the header breaks.
        """
        length, number, flags, reserved, call_id = _HEADER.unpack(data)
        kind = _TYPES.get(number)
        if kind is None:
            raise WireError(5, f"unknown frame type {number}")
        if reserved or flags & ~_ALLOWED_FLAGS.get(kind, 0):
            raise WireError(5, f"reserved bits or flags {flags} set in a {kind.name} frame")
        length_max = (
            frame_payload_bytes_max if kind in _LARGE else limits.CONTROL_PAYLOAD_BYTES_MAX
        )
        if length > length_max:
            raise WireError(
                6, f"{kind.name} payload of {length} bytes, at most {length_max} allowed"
            )
        if kind is FrameType.WINDOW:
            is_valid = call_id <= limits.CALL_ID_MAX
        elif kind in _OF_CALLS:
            is_valid = 0 < call_id <= limits.CALL_ID_MAX
        else:
            is_valid = call_id == 0
        if not is_valid:
            raise WireError(7, f"call id {call_id} in a {kind.name} frame")
        if flags & END and flags & MORE:
            raise WireError(8, f"END and MORE together in a {kind.name} frame")
        if kind is FrameType.CALL and flags & MORE and not flags & MESSAGE:
            raise WireError(8, "MORE without MESSAGE in a CALL frame")
        if kind is FrameType.END and length:
            raise WireError(7, f"END frame with {length} bytes of payload")
        if kind in (FrameType.CALL, FrameType.STATUS) and length < 4:
            raise WireError(
                26, f"{kind.name} payload of {length} bytes has no header block length"
            )
        return cls(kind, flags, call_id, length)


def encode_header(kind: FrameType, flags: int, call_id: int, length: int) -> bytes:
    """The 16 bytes before a payload of `length` bytes."""
    return _HEADER.pack(length, kind, flags, 0, call_id)


def encode_frame(kind: FrameType, payload: bytes = b"", flags: int = 0, call_id: int = 0) -> bytes:
    """A whole frame."""
    return _HEADER.pack(len(payload), kind, flags, 0, call_id) + payload


class FrameDecoder:
    """Cuts a stream of bytes into frames, wherever the reads happened to split it.

    It stops after each header, so that the connection's state can refuse a frame, or have its
    payload skipped, before any of the payload is held (W6, W22). It never holds more than one
    incomplete frame.
    """

    __slots__ = ("_gathered", "_header", "_max", "_offset", "_skipping", "_view", "is_admitted")

    def __init__(self, frame_payload_bytes_max: int) -> None:
        self._max = frame_payload_bytes_max
        self.is_admitted = False
        """Whether the payload of the header last returned is wanted."""
        self._gathered = bytearray()
        self._header: FrameHeader | None = None
        self._skipping = 0
        self._view = memoryview(b"")
        self._offset = 0

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Gives the next bytes; all earlier ones must have been used up."""
        self._view = memoryview(data)
        self._offset = 0

    @property
    def held_bytes(self) -> int:
        """Bytes held of an incomplete frame."""
        return len(self._gathered)

    def next_header(self) -> FrameHeader | None:
        """The next frame's header; None when the input is used up."""
        if self._header is not None:
            return self._header
        available = len(self._view) - self._offset
        if self._skipping:
            taken = min(self._skipping, available)
            self._skipping -= taken
            self._offset += taken
            available -= taken
            if self._skipping:
                return None
        block = self._take(HEADER_BYTES, available)
        if block is None:
            return None
        self._header = FrameHeader.decode(block, self._max)
        return self._header

    def payload(self) -> bytes | None:
        """The payload of the header just returned; None when the input is used up."""
        header = self._header
        if header is None:
            return None
        payload = self._take(header.length, len(self._view) - self._offset)
        if payload is not None:
            self._header = None
            self.is_admitted = False
        return payload

    def skip_payload(self) -> None:
        """Drops the payload of the header just returned instead of gathering it."""
        if self._header is not None:
            self._skipping = self._header.length
            self._header = None

    def _take(self, size: int, available: int) -> bytes | None:
        gathered, start = self._gathered, self._offset
        if not gathered and available >= size:
            self._offset = start + size
            return bytes(self._view[start : start + size])
        wanted = min(size - len(gathered), available)
        gathered += self._view[start : start + wanted]
        self._offset = start + wanted
        if len(gathered) < size:
            return None
        block = bytes(gathered)
        self._gathered = bytearray()
        return block

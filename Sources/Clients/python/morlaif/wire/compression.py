"""Messages as zlib streams (WIRE.md section 11)."""

from __future__ import annotations

import zlib

from morlaif.status import RPCError, StatusCode

FEATURE = "zlib"
"""What a HELLO names to offer it (W39)."""
BYTES_MIN = 1_024
"""Shorter messages travel as they are: there is little to gain."""
BYTES_MAX = 4_194_304
"""Longer messages travel as they are: compressing one would hold up its event loop for too long."""


def deflated(message: bytes) -> bytes | None:
    """The stream of a message; None when it would not be shorter (W40)."""
    if not BYTES_MIN <= len(message) <= BYTES_MAX:
        return None
    stream = zlib.compress(message, 1)
    return stream if len(stream) < len(message) else None


def inflated(stream: bytes, size_max: int, undecodable: StatusCode) -> bytes:
    """The message of a stream, inflated no further than its limit.

    Raises:
        RPCError: RESOURCE_EXHAUSTED when it is longer (W41), `undecodable` when it is damaged (W42).
    """
    inflating = zlib.decompressobj()
    try:
        message = inflating.decompress(stream, size_max + 1)
    except zlib.error as error:
        raise RPCError(
            undecodable, f"a compressed message cannot be read: {error}"
        ) from None
    if len(message) > size_max:
        raise RPCError(
            StatusCode.RESOURCE_EXHAUSTED,
            f"a compressed message has more than the {size_max} bytes allowed",
        )
    if not inflating.eof or inflating.unused_data:
        reason = "bytes follow its end" if inflating.eof else "it ends too early"
        raise RPCError(undecodable, f"a compressed message cannot be read: {reason}")
    return message

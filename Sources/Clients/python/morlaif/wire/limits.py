"""Limits of the wire protocol (WIRE.md section 8)."""

from __future__ import annotations

from dataclasses import dataclass, fields

VERSION = 1
"""The only protocol version so far (W11)."""
APPLICATION_PROTOCOL = "morlaif/1"
"""ALPN name (W2)."""
HANDSHAKE_SECONDS = 10.0
"""For TLS handshake and HELLO together (W4)."""
KEEP_ALIVE_SECONDS = 20.0
"""Silence before a PING, and again before the peer is taken for dead (W34)."""
CONTROL_PAYLOAD_BYTES_MAX = 4_096
"""Payload of HELLO, CANCEL, WINDOW, PING, PONG and GO_AWAY (W6)."""
WINDOW_BYTES_MAX = 2**31 - 1
"""Largest window and largest credit (W29)."""
CALL_ID_MAX = 2**63 - 1
"""Largest call id (W7)."""
METHOD_BYTES_MAX = 256
"""Bytes of a method's name (W26)."""
REASON_BYTES_MAX = 2_048
"""Bytes of a status message or reason; the sender cuts longer ones (W26)."""
HEADER_BLOCK_EXTRA_BYTES = 16_384
"""Bytes of a header block beyond `metadata_bytes_max` (W26)."""
METADATA_ENTRIES_MAX = 64
"""Entries of one call's metadata (W25)."""
METADATA_KEY_BYTES_MAX = 64
"""Bytes of a metadata key (W25)."""
RESERVED_KEY_PREFIX = b"morlaif-"
"""What keys of applications must not begin with (W25)."""
METADATA_ENTRY_OVERHEAD_BYTES = 32
"""Bytes each entry counts beyond its key and value (W25)."""
ASSEMBLY_BYTES_MAX = 268_435_456
"""Bytes of all incomplete messages of one connection (W32)."""
TIMEOUT_MICROSECONDS_MAX = 31_536_000_000_000
"""Longest timeout of a call: a year (W24)."""
UNREAD_ANSWER_BYTES_MAX = 4_194_304
"""Bytes of answers to control frames that a peer may leave unread (W35)."""
FEATURES_MAX = 32
FEATURE_BYTES_MAX = 64
AGENT_BYTES_MAX = 128
"""Features named in a HELLO, bytes of each, and bytes of the agent's name."""

_BOUNDS = {
    "frame_payload_bytes_max": (32_768, 16_777_216),
    "message_bytes_max": (1_024, WINDOW_BYTES_MAX),
    "metadata_bytes_max": (1_024, 16_384),
    "calls_max": (1, 1_000_000),
    "call_window_bytes": (65_536, WINDOW_BYTES_MAX),
    "connection_window_bytes": (65_536, WINDOW_BYTES_MAX),
}


@dataclass(slots=True)
class Settings:
    """What one side of a connection is ready to receive; announced in its HELLO (W13)."""

    frame_payload_bytes_max: int = 65_536
    """Bytes of payload in one frame."""
    message_bytes_max: int = 67_108_864
    """Bytes of one message, all its frames together."""
    metadata_bytes_max: int = 8_192
    """Bytes of one call's metadata, counted as W25 says."""
    calls_max: int = 1_024
    """Calls open at once on one connection."""
    call_window_bytes: int = 262_144
    """Bytes that one call may hold unread."""
    connection_window_bytes: int = 16_777_216
    """Bytes that a connection may hold unread."""

    def first_invalid(self) -> str | None:
        """Names the first value outside the bounds of section 8; None when all are inside."""
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = _BOUNDS[field.name]
            if not low <= value <= high:
                return f"{field.name} is {value}, allowed are {low} to {high}"
        return None

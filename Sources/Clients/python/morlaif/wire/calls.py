"""What a connection knows about its calls (WIRE.md section 4)."""

from __future__ import annotations

from morlaif.wire.control import EndStatus


class PendingSend:
    """A message on its way out that did not fit at once."""

    __slots__ = ("block", "ends", "flag", "message", "offset", "status")

    def __init__(
        self,
        message: bytes | None,
        block: bytes | None = None,
        ends: bool = False,
        status: EndStatus | None = None,
        flag: int = 0,
    ) -> None:
        self.message = message
        """None for a CALL without a message."""
        self.block = block
        """Header block of a CALL that has not been written."""
        self.ends = ends
        """Client: whether END follows."""
        self.status = status
        """Server: the STATUS that follows."""
        self.flag = flag
        """What the first frame says of the message: COMPRESSED or nothing (W39)."""
        self.offset = 0
        """Bytes already written."""

    @property
    def remaining(self) -> int:
        """Bytes still to be written."""
        return len(self.message or b"") - self.offset


class CallState:
    """One call."""

    __slots__ = (
        "assembly",
        "gathered_credit",
        "has_sent_end",
        "held_cost",
        "is_compressed",
        "is_mid_message",
        "is_open",
        "is_queued",
        "is_released",
        "peer_may_send",
        "pending",
        "receive_window",
        "send_window",
        "uncredited",
        "unread",
    )

    def __init__(self, send_window: int, receive_window: int, peer_may_send: bool) -> None:
        self.is_open = True
        """No STATUS or CANCEL yet; a closed call stays until its handler returns (W23)."""
        self.is_released = False
        """Server: the handler has returned, while its reply still waits for window."""
        self.peer_may_send = peer_may_send
        """At a server until END, at a client until STATUS."""
        self.has_sent_end = False
        self.send_window = send_window
        self.pending: PendingSend | None = None
        """The message that waits for window or output space."""
        self.is_queued = False
        """Whether the call stands in the connection's queue of turns."""
        self.receive_window = receive_window
        self.uncredited = 0
        """Window taken by the peer and not yet given back."""
        self.gathered_credit = 0
        """Credit gathered for the next WINDOW frame of this call."""
        self.unread = 0
        """Complete messages that the application has not taken."""
        self.is_mid_message = False
        self.is_compressed = False
        """Whether the incomplete message is a zlib stream (W40)."""
        self.assembly = bytearray()
        """What has come of an incomplete message."""
        self.held_cost = 0
        """Uncredited cost of the incomplete message's parts."""

"""The sending half of a connection: windows, turns and what waits for them (WIRE.md section 5)."""

from __future__ import annotations

import enum
import random
from collections import deque
from collections.abc import Iterable

from morlaif.status import StatusCode
from morlaif.wire import frames, limits
from morlaif.wire.calls import CallState, PendingSend
from morlaif.wire.compression import deflated
from morlaif.wire.control import CallHeader, Cancel, EndStatus, GoAway, Hello, encode_ping
from morlaif.wire.errors import WireError
from morlaif.wire.events import Event, Written
from morlaif.wire.fields import number_field
from morlaif.wire.frames import HEADER_BYTES, FrameType, encode_frame, encode_header
from morlaif.wire.limits import Settings

OUTPUT_BYTES_MAX = 262_144
"""Output beyond this makes messages wait, so that little is already promised to the transport."""
PART_BYTES_MIN = 4_096
"""Parts smaller than this wait for more window, unless they are all that is left."""


class Role(enum.Enum):
    """Which side of the connection this is."""

    CLIENT = "client"
    SERVER = "server"


class Phase(enum.Enum):
    """Where the connection is in its life."""

    AWAITING_HELLO = "awaiting HELLO"
    OPEN = "open"
    CLOSED = "closed"
    """A rule was broken or the connection given up; nothing more is acted on."""


class Sender:
    """What both halves of a connection share, and everything that goes out."""

    def __init__(
        self, role: Role, settings: Settings, agent: str, features: Iterable[str] = ()
    ) -> None:
        if invalid := settings.first_invalid():
            raise ValueError(invalid)
        self.role = role
        self.local = settings
        self.peer = Settings()
        """What the peer announced; the defaults until its HELLO has come."""
        self.phase = Phase.AWAITING_HELLO
        self.is_congested = False
        """Set by the driver while the transport takes no more; messages then wait here."""
        self.highest_call_id = 0
        self.sent_go_away: GoAway | None = None
        self.received_go_away: GoAway | None = None
        self._calls: dict[int, CallState] = {}
        self._turns: deque[int] = deque()
        self._events: list[Event] = []
        self._send_window = 0
        self._receive_window = settings.connection_window_bytes
        self._gathered_credit = 0
        self._assembly_bytes = 0
        self.features = list(features)
        """What this side named in its HELLO (W12)."""
        self.compresses = False
        """Whether messages may be compressed (W39)."""
        hello = Hello(features=self.features, agent=agent, settings=settings)
        # W10: the first frame, at once.
        self._output = bytearray(encode_frame(FrameType.HELLO, hello.encode()))

    @property
    def call_count(self) -> int:
        """Calls that count: open ones, and closed ones whose handler has not returned (W23)."""
        return len(self._calls)

    @property
    def can_open_call(self) -> bool:
        """Client: whether a call may be opened now (W10, W14, W23, W36)."""
        return (
            self.phase is Phase.OPEN
            and self.received_go_away is None
            and self.sent_go_away is None
            and len(self._calls) < self.peer.calls_max
            and self.highest_call_id < limits.CALL_ID_MAX
        )

    @property
    def output_bytes(self) -> int:
        """Bytes that `take_output` would give."""
        return len(self._output)

    def is_open(self, call_id: int) -> bool:
        """Whether a call is open on the wire."""
        call = self._calls.get(call_id)
        return call is not None and call.is_open

    def was_written(self, call_id: int) -> bool:
        """Client: whether any of the call's CALL frame went out (W38)."""
        call = self._calls.get(call_id)
        return call is None or call.pending is None or call.pending.block is None

    def take_output(self) -> bytes:
        """The bytes to write to the transport now; room may let more messages out."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def take_events(self) -> list[Event]:
        """What has happened since this was last asked, in order."""
        events, self._events = self._events, []
        return events

    # Calls, from the client.

    def open_call(self, header: CallHeader, message: bytes | None, end: bool) -> tuple[int, bool]:
        """Client: opens a call; `can_open_call` must hold (W9, W14).

        Returns:
            The call's id and whether all of it is in the output; `Written` follows otherwise.
        """
        if not self.can_open_call:
            raise RuntimeError("a call was opened although can_open_call is false")
        self.highest_call_id += 1
        call_id = self.highest_call_id
        call = CallState(self.peer.call_window_bytes, self.local.call_window_bytes, True)
        self._calls[call_id] = call
        block = header.encode()
        flag = 0
        if message is not None:
            message, flag = self._packed(message)
        length = 4 + len(block) + len(message or b"")
        if self._can_write_now(call) and self._fits(length, call):
            flags = (frames.MESSAGE | flag if message is not None else 0) | (
                frames.END if end else 0
            )
            self._write_call(call_id, call, block, message or b"", flags)
            call.has_sent_end = end
            return call_id, True
        call.pending = PendingSend(message, block=block, ends=end, flag=flag)
        return call_id, self._enqueue_and_pump(call_id, call)

    def send_message(self, call_id: int, message: bytes, end: bool = False) -> bool | None:
        """Sends one message on an open call, one at a time for each call (W28, W31).

        Returns:
            Whether it is in the output (`Written` follows otherwise); None when the call is over.
        """
        call = self._calls.get(call_id)
        if call is None or not call.is_open or call.has_sent_end:
            return None
        if call.pending is not None:
            raise RuntimeError("a call sends one message at a time")
        message, flag = self._packed(message)
        if self._can_write_now(call) and self._fits(len(message), call):
            self._write_message(call_id, call, message, flag | (frames.END if end else 0))
            call.has_sent_end = end
            return True
        call.pending = PendingSend(message, ends=end, flag=flag)
        return self._enqueue_and_pump(call_id, call)

    def send_end(self, call_id: int) -> None:
        """Client: no more messages in this call, after the one that may be waiting (W17)."""
        call = self._calls.get(call_id)
        if call is None or not call.is_open or call.has_sent_end:
            return
        if call.pending is not None:
            call.pending.ends = True
            return
        call.has_sent_end = True
        self._output += encode_frame(FrameType.END, call_id=call_id)

    def cancel(self, call_id: int, cancel: Cancel) -> None:
        """Client: abandons a call (W19); the server hears nothing of one it never saw."""
        call = self._calls.get(call_id)
        if call is None or not call.is_open:
            return
        if call.pending is None or call.pending.block is None:
            self._output += encode_frame(FrameType.CANCEL, cancel.encode(), call_id=call_id)
        self._close_call(call_id, is_released=True)

    # Calls, from the server.

    def send_status(self, call_id: int, status: EndStatus, message: bytes | None = None) -> None:
        """Server: ends a call (W9, W18, W19); it counts until `release`.

        Args:
            call_id: the call; nothing happens when it is over.
            status: how it ended.
            message: the only reply of a unary or client-streaming method, with OK.
        """
        call = self._calls.get(call_id)
        if call is None or not call.is_open:
            return
        if message is None or status.code is not StatusCode.OK:
            if status.code is StatusCode.OK and call.pending is not None:
                call.pending.status = status
                return
            self._write_status(call_id, status)
            self._close_call(call_id, is_released=False)
            return
        if call.pending is not None:
            raise RuntimeError("a call sends one message at a time")
        block = status.encode()
        message, flag = self._packed(message)
        length = 4 + len(block) + len(message)
        if self._can_write_now(call) and self._fits(length, call):
            flags = frames.MESSAGE | flag
            self._output += encode_header(FrameType.STATUS, flags, call_id, length)
            self._output += len(block).to_bytes(4, "big") + block
            self._output += message
            self._send_window -= HEADER_BYTES + length
            self._close_call(call_id, is_released=False)
            return
        # W18: a last message too large for one frame goes before a STATUS without a message.
        call.pending = PendingSend(message, status=status, flag=flag)
        self._enqueue_and_pump(call_id, call)

    def release(self, call_id: int) -> None:
        """Server: the handler has returned, so the call no longer counts (W23)."""
        call = self._calls.get(call_id)
        if call is None:
            return
        if call.is_open and call.pending is not None and call.pending.status is not None:
            call.is_released = True  # The reply that waits for window goes out first.
            return
        self._close_call(call_id, is_released=True)

    # The connection.

    def ping(self, opaque: int | None = None) -> None:
        """Asks for a sign of life (W34)."""
        if self.phase is not Phase.CLOSED:
            payload = encode_ping(random.getrandbits(64) if opaque is None else opaque)
            self._output += encode_frame(FrameType.PING, payload)

    def go_away(self, code: StatusCode = StatusCode.OK, reason: str = "") -> None:
        """Server: announces the drain (W36). Client: announces that it is about to close."""
        if self.phase is Phase.CLOSED or self.sent_go_away is not None:
            return
        last = self.highest_call_id if self.role is Role.SERVER else 0
        self.sent_go_away = GoAway(last, code, reason)
        self._output += encode_frame(FrameType.GO_AWAY, self.sent_go_away.encode())

    def fail(self, error: WireError) -> None:
        """Says farewell after a broken rule; nothing is acted on afterwards (W37)."""
        if self.phase is Phase.CLOSED:
            return
        last = self.highest_call_id if self.role is Role.SERVER else 0
        away = GoAway(last, error.code, str(error))
        self._output += encode_frame(FrameType.GO_AWAY, away.encode())
        self.close()

    def close(self) -> None:
        """Forgets all calls and acts on nothing from now on."""
        self.phase = Phase.CLOSED
        self._calls.clear()
        self._turns.clear()
        self._assembly_bytes = 0

    def pump(self) -> None:
        """Lets waiting messages go out, in turn, as far as windows and output reach (W31)."""
        while self._turns and self._can_output_grow:
            call_id = self._turns[0]
            call = self._calls.get(call_id)
            if call is None or call.pending is None:
                self._turns.popleft()
                continue
            window = self._write_part(call_id, call)
            if window == "connection":
                return
            self._turns.popleft()
            if window == "call" or call.pending is None:
                call.is_queued = False  # A call without window does not delay others.
            else:
                self._turns.append(call_id)

    # What the receiving half uses as well.

    def _write_status(self, call_id: int, status: EndStatus) -> None:
        """A STATUS without a message, which needs no window (W27)."""
        block = status.encode()
        self._output += encode_header(FrameType.STATUS, 0, call_id, 4 + len(block))
        self._output += len(block).to_bytes(4, "big") + block

    def _credit_connection(self, cost: int) -> None:
        """Gathers connection credit; half a window makes a WINDOW frame (W30)."""
        self._gathered_credit += cost
        if self.phase is Phase.OPEN and (
            self._gathered_credit >= self.local.connection_window_bytes // 2
        ):
            self._write_window(0, self._gathered_credit)
            self._receive_window += self._gathered_credit
            self._gathered_credit = 0

    def _write_window(self, call_id: int, credit: int) -> None:
        payload = number_field(1, credit)
        self._output += encode_frame(FrameType.WINDOW, payload, call_id=call_id)

    def _close_call(self, call_id: int, is_released: bool) -> None:
        """Gives back what a finished call held; counts it no longer once nobody uses it."""
        call = self._calls.get(call_id)
        if call is None:
            return
        if call.is_open:
            call.is_open = False
            call.pending = None
            if call.is_mid_message:
                self._assembly_bytes -= len(call.assembly)
                call.assembly = bytearray()
                call.is_mid_message = False
            self._credit_connection(call.uncredited)
            call.uncredited = 0
        if is_released or call.is_released:
            del self._calls[call_id]

    def _enqueue(self, call_id: int, call: CallState) -> None:
        if not call.is_queued:
            call.is_queued = True
            self._turns.append(call_id)

    # Private to this half.

    @property
    def _can_output_grow(self) -> bool:
        return not self.is_congested and len(self._output) < OUTPUT_BYTES_MAX

    def _can_write_now(self, call: CallState) -> bool:
        """Whether a frame may go out without waiting for its turn."""
        return not self._turns and self._can_output_grow and call.pending is None

    def _fits(self, length: int, call: CallState) -> bool:
        return length <= self.peer.frame_payload_bytes_max and length + HEADER_BYTES <= min(
            self._send_window, call.send_window
        )

    def _enqueue_and_pump(self, call_id: int, call: CallState) -> bool:
        self._enqueue(call_id, call)
        earlier = len(self._events)
        self.pump()
        # Finished at once: the caller learns it from the result, not from an event.
        for index in range(earlier, len(self._events)):
            event = self._events[index]
            if isinstance(event, Written) and event.call_id == call_id:
                del self._events[index]
                return True
        return False

    def _packed(self, message: bytes) -> tuple[bytes, int]:
        """A message as it travels, and the flag that says how (W40)."""
        if self.compresses and (stream := deflated(message)):
            return stream, frames.COMPRESSED
        return message, 0

    def _write_call(
        self, call_id: int, call: CallState, block: bytes, part: bytes | memoryview, flags: int
    ) -> None:
        length = 4 + len(block) + len(part)
        self._output += encode_header(FrameType.CALL, flags, call_id, length)
        self._output += len(block).to_bytes(4, "big") + block
        self._output += part
        self._send_window -= HEADER_BYTES + length
        call.send_window -= HEADER_BYTES + length

    def _write_message(
        self, call_id: int, call: CallState, part: bytes | memoryview, flags: int
    ) -> None:
        self._output += encode_header(FrameType.MESSAGE, flags, call_id, len(part))
        self._output += part
        self._send_window -= HEADER_BYTES + len(part)
        call.send_window -= HEADER_BYTES + len(part)

    def _write_part(self, call_id: int, call: CallState) -> str | None:
        """Writes the next frame of a waiting message; names the window that is too small."""
        pending = call.pending
        assert pending is not None
        overhead = 0 if pending.block is None else 4 + len(pending.block)
        wanted = min(pending.remaining, self.peer.frame_payload_bytes_max - overhead)
        least = HEADER_BYTES + overhead + min(wanted, PART_BYTES_MIN)
        if least > call.send_window:
            return "call"
        if least > self._send_window:
            return "connection"
        room = min(self._send_window, call.send_window) - HEADER_BYTES - overhead
        size = min(wanted, room)
        is_last = size == pending.remaining
        ends = is_last and pending.ends
        part = memoryview(pending.message or b"")[pending.offset : pending.offset + size]
        flags = (frames.END if ends else 0) if is_last else frames.MORE
        # W39: the first frame of a message says so, the others go on.
        flags |= pending.flag if pending.offset == 0 else 0
        if pending.block is not None:
            flags |= frames.MESSAGE if pending.message is not None else 0
            self._write_call(call_id, call, pending.block, part, flags)
            pending.block = None
        else:
            self._write_message(call_id, call, part, flags)
        pending.offset += size
        if is_last:
            call.pending = None
            call.has_sent_end = call.has_sent_end or ends
            self._events.append(Written(call_id))
            if pending.status is not None:
                self._write_status(call_id, pending.status)
                self._close_call(call_id, is_released=False)
        return None


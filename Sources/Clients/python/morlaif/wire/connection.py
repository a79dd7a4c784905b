"""The protocol of one connection, without any I/O: bytes in, events and bytes out.

The driver feeds `receive` with what came from the transport, acts on `take_events`, calls the
sending methods, and writes `take_output` to the transport. A peer's breach of a rule is a `Refused`
event; a breach by the driver cannot happen, because the methods give no way to say it.
"""

from __future__ import annotations

from collections.abc import Iterable

from morlaif.status import StatusCode
from morlaif.wire import frames, limits
from morlaif.wire.calls import CallState
from morlaif.wire.compression import FEATURE
from morlaif.wire.control import (
    CallHeader,
    Cancel,
    EndStatus,
    GoAway,
    Hello,
    decode_ping,
    decode_window,
    encode_ping,
    metadata_refusal,
)
from morlaif.wire.errors import WireError
from morlaif.wire.events import (
    Called,
    Cancelled,
    Ended,
    Failed,
    GoingAway,
    Message,
    Pong,
    Ready,
    Refused,
    RequestsEnded,
)
from morlaif.wire.frames import FrameDecoder, FrameHeader, FrameType, encode_frame
from morlaif.wire.limits import Settings
from morlaif.wire.sending import Phase, Role, Sender

_SENT_BY = {
    FrameType.CALL: Role.CLIENT,
    FrameType.END: Role.CLIENT,
    FrameType.CANCEL: Role.CLIENT,
    FrameType.STATUS: Role.SERVER,
}


class Connection(Sender):
    """One side of a connection; its HELLO is in the output from the beginning (W10)."""

    def __init__(
        self,
        role: Role,
        settings: Settings | None = None,
        agent: str = "",
        features: Iterable[str] = (),
    ) -> None:
        super().__init__(role, settings or Settings(), agent, features)
        self._decoder = FrameDecoder(self.local.frame_payload_bytes_max)

    def receive(self, data: bytes | bytearray | memoryview) -> None:
        """Takes bytes as they came, in pieces of any size; `take_events` says what they mean."""
        if self.phase is Phase.CLOSED:
            return
        try:
            self._decode(data)
        except WireError as error:
            self.fail(error)
            self._events.append(Refused(error))

    def taken(self, call_id: int, cost: int) -> None:
        """The application has a message: gives its window back (W30)."""
        call = self._calls.get(call_id)
        if call is None or not call.is_open:
            return
        call.unread -= 1
        if call.unread == 0:
            cost += call.held_cost
            call.held_cost = 0
        self._credit(call_id, call, cost)

    # Admission: by the header alone, before the payload is held.

    def _decode(self, data: bytes | bytearray | memoryview) -> None:
        decoder = self._decoder
        decoder.feed(data)
        while self.phase is not Phase.CLOSED:
            header = decoder.next_header()
            if header is None:
                return
            if not decoder.is_admitted:
                if not self._admit(header):
                    decoder.skip_payload()
                    continue
                decoder.is_admitted = True
            payload = decoder.payload()
            if payload is None:
                return
            self._act(header, payload)

    def _admit(self, header: FrameHeader) -> bool:
        """Judges a frame by its header; says whether the payload is wanted."""
        kind = header.kind
        if self.phase is Phase.AWAITING_HELLO:
            if kind not in (FrameType.HELLO, FrameType.GO_AWAY):
                raise WireError(10, f"{kind.name} frame before HELLO")
            return True
        if header.flags & frames.COMPRESSED:
            self._admit_compressed(header)
        if kind is FrameType.HELLO:
            raise WireError(10, "second HELLO")
        if _SENT_BY.get(kind, None) is self.role:
            peer = Role.SERVER if self.role is Role.CLIENT else Role.CLIENT
            raise WireError(5, f"{kind.name} frame sent by a {peer.value}")
        if kind is FrameType.CALL:
            if header.call_id <= self.highest_call_id:
                raise WireError(14, f"call id {header.call_id} after {self.highest_call_id}")
            self._take_window(header, self.local.call_window_bytes)
            return True
        if header.call_id == 0:
            return True
        return self._admit_to_call(header)

    def _admit_compressed(self, header: FrameHeader) -> None:
        if not self.compresses:
            raise WireError(5, f"COMPRESSED in a {header.kind.name} frame without the feature")
        if header.kind is not FrameType.MESSAGE and not header.flags & frames.MESSAGE:
            raise WireError(39, f"COMPRESSED without MESSAGE in a {header.kind.name} frame")

    def _take_window(self, header: FrameHeader, call_window: int) -> None:
        """W28: checks a frame's cost, and takes it from the connection's window."""
        cost = header.cost
        if cost > self._receive_window:
            raise WireError(
                28, f"{cost} bytes with {self._receive_window} left in the connection's window"
            )
        if cost > call_window:
            raise WireError(
                28, f"{cost} bytes with {call_window} left in the window of call {header.call_id}"
            )
        self._receive_window -= cost

    def _admit_to_call(self, header: FrameHeader) -> bool:
        kind, call_id = header.kind, header.call_id
        if kind is FrameType.MESSAGE and self.role is Role.CLIENT and header.flags & frames.END:
            raise WireError(5, "END flag from a server")
        if call_id > self.highest_call_id:
            # W15
            raise WireError(15, f"{kind.name} frame for call {call_id}, which was never opened")
        call = self._calls.get(call_id)
        if call is None or not call.is_open:
            # W16: it crossed the end of its call on the way.
            self._take_window(header, limits.WINDOW_BYTES_MAX)
            self._credit_connection(header.cost)
            return False
        if kind in (FrameType.MESSAGE, FrameType.END) and not call.peer_may_send:
            raise WireError(17, f"{kind.name} frame for call {call_id} after END")
        if call.is_mid_message:
            if kind is FrameType.END:
                raise WireError(17, f"END of call {call_id} inside a message")
            if header.flags & frames.COMPRESSED:
                raise WireError(39, f"COMPRESSED inside a message, call {call_id}")
            if kind is FrameType.STATUS and header.flags & frames.MESSAGE:
                raise WireError(18, f"STATUS with a message inside another, call {call_id}")
        self._take_window(header, call.receive_window)
        cost = header.cost
        call.receive_window -= cost
        call.uncredited += cost
        if kind is FrameType.MESSAGE and (refusal := self._refusal(header, call)):
            self._fail_call(call_id, refusal)
            return False
        return True

    def _refusal(self, header: FrameHeader, call: CallState) -> EndStatus | None:
        """W22 and W32, from the header alone."""
        size = len(call.assembly) + header.length
        if size > self.local.message_bytes_max:
            return self._too_long(size)
        if (
            header.flags & frames.MORE
            and self._assembly_bytes + header.length > limits.ASSEMBLY_BYTES_MAX
        ):
            return EndStatus(
                StatusCode.RESOURCE_EXHAUSTED,
                "incomplete messages of this connection above "
                f"{limits.ASSEMBLY_BYTES_MAX} bytes",
            )
        return None

    def _too_long(self, size: int) -> EndStatus:
        return EndStatus(
            StatusCode.RESOURCE_EXHAUSTED,
            f"message of {size} bytes or more, at most {self.local.message_bytes_max} allowed",
        )

    def _fail_call(self, call_id: int, status: EndStatus) -> None:
        """Ends a call over a limit of this side, telling the peer (W22, W25, W32)."""
        if self.role is Role.SERVER:
            self._write_status(call_id, status)
        else:
            payload = Cancel(StatusCode.CANCELLED, status.message).encode()
            self._output += encode_frame(FrameType.CANCEL, payload, call_id=call_id)
        self._close_call(call_id, is_released=self.role is Role.CLIENT)
        self._events.append(Failed(call_id, status))

    # Acting on a whole frame.

    def _act(self, header: FrameHeader, payload: bytes) -> None:
        kind, call_id = header.kind, header.call_id
        if call_id and kind is not FrameType.CALL and not self.is_open(call_id):
            return  # W16: this side ended the call while the frame was still coming in.
        if kind is FrameType.MESSAGE:
            self._receive_message(header, payload)
        elif kind is FrameType.CALL:
            self._receive_call(header, payload)
        elif kind is FrameType.STATUS:
            self._receive_status(header, payload)
        elif kind is FrameType.WINDOW:
            self._receive_window_frame(call_id, decode_window(payload))
        elif kind is FrameType.END:
            self._calls[call_id].peer_may_send = False
            self._events.append(RequestsEnded(call_id))
        elif kind is FrameType.CANCEL:
            cancel = Cancel.decode(payload)
            self._close_call(call_id, is_released=False)
            self._events.append(Cancelled(call_id, cancel))
        elif kind is FrameType.PING:
            # W33: the answer repeats the payload.
            pong = encode_frame(FrameType.PONG, encode_ping(decode_ping(payload)))
            self._output += pong
        elif kind is FrameType.PONG:
            self._events.append(Pong(decode_ping(payload)))
        elif kind is FrameType.GO_AWAY:
            self.received_go_away = GoAway.decode(payload)
            self._events.append(GoingAway(self.received_go_away))
        else:
            self._receive_hello(Hello.decode(payload))

    def _receive_hello(self, hello: Hello) -> None:
        # W11: the version in force is the lower maximum, and must suit both.
        if min(hello.version_max, limits.VERSION) < max(hello.version_min, limits.VERSION):
            raise WireError(
                11,
                f"peer speaks versions {hello.version_min} to {hello.version_max}, "
                f"this side {limits.VERSION}",
            )
        # W12: a feature is in force when both sides have named it.
        self.compresses = FEATURE in self.features and FEATURE in hello.features
        self.peer = hello.settings
        self._send_window = hello.settings.connection_window_bytes
        self.phase = Phase.OPEN
        self._events.append(Ready(hello))

    def _receive_window_frame(self, call_id: int, credit: int) -> None:
        if call_id == 0:
            self._send_window = _widened(self._send_window, credit)
        else:
            call = self._calls[call_id]
            call.send_window = _widened(call.send_window, credit)
            if call.pending is not None:
                self._enqueue(call_id, call)
        self.pump()

    def _block(self, header: FrameHeader, payload: bytes) -> tuple[bytes, bytes]:
        """Splits the payload of CALL or STATUS into header block and message bytes (W8, W26)."""
        size = int.from_bytes(payload[:4], "big")
        size_max = self.local.metadata_bytes_max + limits.HEADER_BLOCK_EXTRA_BYTES
        if size > size_max or size > header.length - 4:
            raise WireError(
                26,
                f"header block of {size} bytes in a {header.kind.name} frame of {header.length}, "
                f"at most {size_max} allowed",
            )
        if not header.flags & frames.MESSAGE and size != header.length - 4:
            raise WireError(8, f"message bytes without MESSAGE in a {header.kind.name} frame")
        return payload[4 : 4 + size], payload[4 + size :]

    def _receive_call(self, header: FrameHeader, payload: bytes) -> None:
        block, message = self._block(header, payload)
        call_header = CallHeader.decode(block)
        call_id, cost = header.call_id, header.cost
        self.highest_call_id = call_id
        if refusal := self._call_refusal(call_header, len(message)):
            self._write_status(call_id, refusal)
            self._credit_connection(cost)
            return
        ends = bool(header.flags & frames.END)
        call = CallState(
            self.peer.call_window_bytes, self.local.call_window_bytes - cost, not ends
        )
        call.uncredited = cost
        call.is_compressed = bool(header.flags & frames.COMPRESSED)
        self._calls[call_id] = call
        self._events.append(Called(call_id, call_header))
        if not header.flags & frames.MESSAGE:
            # Nothing will be read, so the header block is paid back at once.
            self._credit(call_id, call, cost)
        elif header.flags & frames.MORE:
            if self._assembly_bytes + len(message) > limits.ASSEMBLY_BYTES_MAX:  # W32
                refusal = EndStatus(
                    StatusCode.RESOURCE_EXHAUSTED,
                    f"incomplete messages above {limits.ASSEMBLY_BYTES_MAX} bytes",
                )
                self._fail_call(call_id, refusal)
                return
            self._receive_part(call_id, call, message, cost)
        else:
            call.unread = 1
            self._events.append(Message(call_id, message, cost, call.is_compressed))
        if ends:
            self._events.append(RequestsEnded(call_id))

    def _call_refusal(self, header: CallHeader, message_bytes: int) -> EndStatus | None:
        """W22, W23, W25 and W36: calls that never reach a handler."""
        if self.sent_go_away is not None:
            return EndStatus(
                StatusCode.UNAVAILABLE, "this server is stopping", unprocessed=True
            )
        if len(self._calls) >= self.local.calls_max:
            return EndStatus(
                StatusCode.RESOURCE_EXHAUSTED,
                f"more than {self.local.calls_max} calls at once on this connection",
                unprocessed=True,
            )
        if message_bytes > self.local.message_bytes_max:
            return self._too_long(message_bytes)
        return metadata_refusal(header.metadata, self.local.metadata_bytes_max)

    def _receive_part(self, call_id: int, call: CallState, part: bytes, cost: int) -> None:
        """Keeps a part of an incomplete message; gives its window back when it may (W30)."""
        call.assembly += part
        call.is_mid_message = True
        self._assembly_bytes += len(part)
        if call.unread == 0:
            self._credit(call_id, call, cost)
        else:
            call.held_cost += cost

    def _receive_message(self, header: FrameHeader, payload: bytes) -> None:
        call_id, cost = header.call_id, header.cost
        call = self._calls[call_id]
        if not call.is_mid_message:
            call.is_compressed = bool(header.flags & frames.COMPRESSED)
        if header.flags & frames.MORE:
            self._receive_part(call_id, call, payload, cost)
            return
        ends = bool(header.flags & frames.END)
        if ends:
            call.peer_may_send = False
        call.unread += 1
        if call.is_mid_message:
            self._assembly_bytes -= len(call.assembly)
            call.assembly += payload
            payload = bytes(call.assembly)
            cost += call.held_cost
            call.assembly = bytearray()
            call.is_mid_message = False
            call.held_cost = 0
        self._events.append(Message(call_id, payload, cost, call.is_compressed))
        if ends:
            self._events.append(RequestsEnded(call_id))

    def _receive_status(self, header: FrameHeader, payload: bytes) -> None:
        block, message = self._block(header, payload)
        status = EndStatus.decode(block)
        call_id = header.call_id
        has_message = bool(header.flags & frames.MESSAGE)
        if status.code is StatusCode.OK:
            if self._calls[call_id].is_mid_message:
                raise WireError(18, f"OK inside a message, call {call_id}")
        elif has_message:
            raise WireError(18, f"{status.code.name} with a message, call {call_id}")
        self._close_call(call_id, is_released=True)
        if has_message and len(message) > self.local.message_bytes_max:
            self._events.append(Failed(call_id, self._too_long(len(message))))
            return
        if refusal := metadata_refusal(status.metadata, self.local.metadata_bytes_max):
            self._events.append(Failed(call_id, refusal))
            return
        if has_message:
            # The window was given back when the call closed.
            is_compressed = bool(header.flags & frames.COMPRESSED)
            self._events.append(Message(call_id, message, 0, is_compressed))
        self._events.append(Ended(call_id, status))

    def _credit(self, call_id: int, call: CallState, cost: int) -> None:
        """Gives window back to a call and to its connection; none is owed after END (W30)."""
        call.uncredited -= cost
        if call.peer_may_send:
            call.gathered_credit += cost
            if call.gathered_credit >= self.local.call_window_bytes // 2:
                self._write_window(call_id, call.gathered_credit)
                call.receive_window += call.gathered_credit
                call.gathered_credit = 0
        self._credit_connection(cost)


def _widened(window: int, credit: int) -> int:
    if window + credit > limits.WINDOW_BYTES_MAX:
        raise WireError(29, f"credit of {credit} bytes on top of {window}")
    return window + credit

"""A client's end of a connection, and its calls."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Iterable

from morlaif import deadline as deadlines
from morlaif.status import Metadata, RPCError, StatusCode
from morlaif.transport import Timing, WireTransport
from morlaif.wire import CallHeader, Cancel, Connection, EndStatus, Role, Settings
from morlaif.wire import events
from morlaif.wire.compression import inflated
from morlaif.wire.control import metadata_refusal


class ClientCall:
    """One call on one connection; replies are bytes here."""

    __slots__ = (
        "_inbox", "_reader", "_timer", "_transport", "_writer", "call_id", "status",
    )

    def __init__(self, transport: ClientTransport, deadline: float | None) -> None:
        self._transport = transport
        self.call_id = 0
        self._inbox: deque[events.Message] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self.status: EndStatus | None = None
        """How the call ended, once it has."""
        self._timer: asyncio.TimerHandle | None = None
        left = deadlines.left(deadline)
        if left is not None:
            self._timer = transport.loop.call_later(left, self._expire)

    async def reply(self) -> bytes | None:
        """The next message; None when the server has ended the call with OK.

        Raises:
            RPCError: when it has ended in another way.
        """
        while not self._inbox:
            if self.status is not None:
                if self.status.code is StatusCode.OK:
                    return None
                raise self.status.error()
            self._reader = self._transport.loop.create_future()
            try:
                await self._reader
            except asyncio.CancelledError:
                self.cancel()
                raise
            finally:
                self._reader = None
        message = self._inbox.popleft()
        if message.cost:
            self._transport.machine.taken(self.call_id, message.cost)
            self._transport.turn()
        if not message.is_compressed:
            return message.data
        try:
            size_max = self._transport.machine.local.message_bytes_max
            return inflated(message.data, size_max, StatusCode.INTERNAL)
        except RPCError as error:
            self.cancel(error.code, error.message)
            raise

    async def write(self, message: bytes, end: bool = False) -> bool:
        """Sends a message and waits until it is on its way; False when the call is over."""
        if self.status is not None:
            return False
        self._transport.check_size(message)
        written = self._transport.machine.send_message(self.call_id, message, end)
        self._transport.turn()
        if written is False:
            self._writer = self._transport.loop.create_future()
            try:
                await self._writer
            except asyncio.CancelledError:
                self.cancel()
                raise
            finally:
                self._writer = None
        return written is not None and self.status is None

    def end_requests(self) -> None:
        """Sends no more messages (W17)."""
        self._transport.machine.send_end(self.call_id)
        self._transport.turn()

    def cancel(
        self, code: StatusCode = StatusCode.CANCELLED, reason: str = "the caller gave up"
    ) -> None:
        """Abandons the call (W19)."""
        if self.status is None:
            self._transport.machine.cancel(self.call_id, Cancel(code, reason))
            self.finish(EndStatus(code, reason))
            self._transport.turn()

    def abandoned(self) -> None:
        """Nobody holds the call any more; may come from any thread."""
        try:
            self._transport.loop.call_soon_threadsafe(self.cancel)
        except RuntimeError:
            pass  # The loop is closed, and the connection with it.

    def deliver(self, message: events.Message) -> None:
        """Takes a message from the connection."""
        self._inbox.append(message)
        _wake(self._reader)

    def written(self) -> None:
        """The message that waited is on its way."""
        _wake(self._writer)

    def finish(self, status: EndStatus) -> None:
        """Takes the call's end from the connection."""
        if self.status is not None:
            return
        self.status = status
        if status.code is not StatusCode.OK:
            self._inbox.clear()
        if self._timer is not None:
            self._timer.cancel()
        self._transport.forget(self.call_id)
        _wake(self._reader)
        _wake(self._writer)

    def _expire(self) -> None:
        """W24: the client counts for itself."""
        self.cancel(StatusCode.DEADLINE_EXCEEDED, "the call's time has run out")


class ClientTransport(WireTransport):
    """A connection to one endpoint."""

    def __init__(
        self, context: ssl.SSLContext, server_name: str, settings: Settings, agent: str,
        timing: Timing, features: Iterable[str] = (),
    ) -> None:
        machine = Connection(Role.CLIENT, settings, agent, features)
        super().__init__(machine, context, server_name, timing)
        self.loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self.loop.create_future()
        """Done when calls can begin, or failed with the reason why not."""
        self._calls: dict[int, ClientCall] = {}
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def call_count(self) -> int:
        """Calls that are open."""
        return len(self._calls)

    @property
    def takes_calls(self) -> bool:
        """Whether new calls may go here, now or when others have ended (W36)."""
        return self.is_usable and self.machine.received_go_away is None

    async def open(
        self, method: str, message: bytes | None, end: bool, deadline: float | None,
        metadata: Metadata,
    ) -> ClientCall:
        """Opens a call, after others have ended when the server takes no more at once (W23)."""
        while self.takes_calls and not self.machine.can_open_call:
            if not await self._room(deadline):
                raise RPCError(
                    StatusCode.DEADLINE_EXCEEDED, "the time ran out before the call could begin"
                )
        if not self.takes_calls:
            raise RPCError(
                StatusCode.UNAVAILABLE,
                self.lost_because or "the server takes no new calls",
                unprocessed=True,
            )
        if message is not None:
            self.check_size(message)
        if refusal := metadata_refusal(metadata, self.machine.peer.metadata_bytes_max):
            raise refusal.error()
        left = deadlines.left(deadline)
        timeout_us = 0 if left is None else max(1, int(left * 1e6))
        call = ClientCall(self, deadline)
        header = CallHeader(method, timeout_us, metadata)
        call.call_id, _ = self.machine.open_call(header, message, end)
        self._calls[call.call_id] = call
        self.turn()
        return call

    async def _room(self, deadline: float | None) -> bool:
        """Waits in line until another call has ended; False when the time runs out first."""
        waiter: asyncio.Future[None] = self.loop.create_future()
        self._waiting.append(waiter)
        try:
            await asyncio.wait((waiter,), timeout=deadlines.left(deadline))
        except asyncio.CancelledError:
            if waiter.done():
                self._wake_next()  # The place goes to whoever is next in line.
            raise
        finally:
            if not waiter.done():
                self._waiting.remove(waiter)
        return waiter.done()

    def _wake_next(self) -> None:
        if self._waiting:
            _wake(self._waiting.popleft())

    def check_size(self, message: bytes) -> None:
        """Spares the server a message that it would refuse (W22)."""
        allowed = self.machine.peer.message_bytes_max
        if len(message) > allowed:
            raise RPCError(
                StatusCode.RESOURCE_EXHAUSTED,
                f"message of {len(message)} bytes, the server takes at most {allowed}",
            )

    def forget(self, call_id: int) -> None:
        """Makes room for another call."""
        if self._calls.pop(call_id, None) is None:
            return
        self._wake_next()
        if self.machine.received_go_away is not None and not self._calls:
            self.end("the server is going away")  # W36

    def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Ready):
            if not self.ready.done():
                self.ready.set_result(None)
        elif isinstance(event, events.GoingAway):
            self._going_away(event)
        elif isinstance(event, (events.Message, events.Ended, events.Failed, events.Written)):
            call = self._calls.get(event.call_id)
            if call is None:
                return
            if isinstance(event, events.Message):
                call.deliver(event)
            elif isinstance(event, events.Written):
                call.written()
            else:
                call.finish(event.status)

    def on_lost(self, reason: str) -> None:
        error = RPCError(StatusCode.UNAVAILABLE, reason, unprocessed=True)
        if not self.ready.done():
            self.ready.set_exception(error)
            self.ready.exception()  # Nobody may be waiting for it any more.
        for call in list(self._calls.values()):
            # W38: it may have been processed unless its CALL was never written.
            unprocessed = call.call_id in self._unwritten
            call.finish(EndStatus(StatusCode.UNAVAILABLE, reason, unprocessed=unprocessed))
        while self._waiting:
            self._wake_next()

    def _lose(self, reason: str) -> None:
        # Asked before the machine forgets its calls.
        self._unwritten = {
            call_id for call_id in self._calls if not self.machine.was_written(call_id)
        }
        super()._lose(reason)

    def _going_away(self, event: events.GoingAway) -> None:
        """W36, W38: calls the server has not taken may go elsewhere at once."""
        away = event.go_away
        reason = away.reason or "the server is going away"
        for call_id, call in list(self._calls.items()):
            if call_id > away.last_call_id and away.code is StatusCode.OK:
                self.machine.cancel(call_id, Cancel())
                call.finish(EndStatus(StatusCode.UNAVAILABLE, reason, unprocessed=True))
        while self._waiting:
            self._wake_next()
        if not self.ready.done():
            self.ready.set_exception(
                RPCError(StatusCode.UNAVAILABLE, reason, unprocessed=True)
            )
            self.ready.exception()
        if away.code is not StatusCode.OK:
            self.end(f"the server closed the connection: {reason}")
        elif not self._calls:
            self.end(reason)


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)

"""A server's end of a connection: starts handlers and counts what they hold."""

from __future__ import annotations

import asyncio
import logging
import time

from morlaif.reception import Reception
from morlaif.routes import Route
from morlaif.server_call import Context, Peer, ServerCall
from morlaif.status import RPCError, StatusCode
from morlaif.transport import WireTransport
from morlaif.wire import Connection, EndStatus, Role
from morlaif.wire import events

logger = logging.getLogger("morlaif")

IDLE_SECONDS = 1.0
"""How long a draining server keeps a connection without calls (W36)."""


class ServerTransport(WireTransport):
    """A connection from one client."""

    def __init__(self, reception: Reception) -> None:
        machine = Connection(
            Role.SERVER, reception.settings, reception.agent, reception.features
        )
        super().__init__(machine, reception.context, None, reception.timing)
        self._reception = reception
        self._calls: dict[int, ServerCall] = {}
        self._peer: Peer | None = None
        self._idle_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._reception.admit(self):
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
            return
        super().connection_made(transport)

    def drain(self) -> None:
        """Takes no new calls, says so, and closes when the present ones are done (W36)."""
        if not self.is_usable:
            self.abort("the server is stopping")
            return
        self.machine.go_away(reason="the server is stopping")
        self.turn()
        self._watch_idleness()

    def stop(self) -> None:
        """Ends what is still open with UNAVAILABLE (W36)."""
        error = RPCError(StatusCode.UNAVAILABLE, "the server is stopping")
        for call in list(self._calls.values()):
            call.stop(error)
        self.end("the server is stopping")

    def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Called):
            self._begin(event)
            return
        if isinstance(event, events.Ready):
            self._peer = Peer(self.peer_name, self.peer_names)
            return
        call_id = getattr(event, "call_id", 0)
        call = self._calls.get(call_id)
        if call is None:
            return
        if isinstance(event, events.Message):
            call.deliver(event)
        elif isinstance(event, events.RequestsEnded):
            call.requests_ended()
        elif isinstance(event, events.Written):
            call.written()
        elif isinstance(event, (events.Cancelled, events.Failed)):
            call.cancelled()

    def on_lost(self, reason: str) -> None:
        for call in list(self._calls.values()):
            call.cancelled()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._reception.left(self)

    def _begin(self, event: events.Called) -> None:
        reception, header = self._reception, event.header
        found = reception.route(header.method)
        assert self._peer is not None
        if found is None:
            service, _, name = header.method.rpartition("/")
            self._refuse_call(
                event, StatusCode.UNIMPLEMENTED, f"there is no method '{name}' of '{service}' here"
            )  # W21
            return
        method, route = found
        if not reception.may_call(self._peer, header.method):
            self._refuse_call(
                event, StatusCode.PERMISSION_DENIED, f"{header.method}: this identity may not"
            )
            return
        if not reception.begin_call(method.path):
            self._refuse_call(
                event, StatusCode.RESOURCE_EXHAUSTED,
                f"more than {reception.calls_max} calls at once", unprocessed=True,
            )
            return
        context = Context(self._peer, header)
        call = ServerCall(self, event.call_id, method, context)
        self._calls[event.call_id] = call
        if header.timeout_us:
            call.timer = self._loop.call_later(header.timeout_us / 1e6, self._expire, call)
        call.task = self._loop.create_task(self._handle(call, route))
        # Not in a `finally` of the task: one that is cancelled before its first step never gets there.
        began = time.monotonic()
        call.task.add_done_callback(lambda task: self._returned(call, task, began))

    def _refuse_call(
        self, event: events.Called, code: StatusCode, message: str, unprocessed: bool = False
    ) -> None:
        self.machine.send_status(event.call_id, EndStatus(code, message, (), unprocessed))
        self.machine.release(event.call_id)
        self._reception.metrics.refused(code)

    async def _handle(self, call: ServerCall, route: Route) -> StatusCode:
        try:
            await route(call)
            return StatusCode.OK
        except RPCError as error:
            call.fail(error)
            return error.code
        except Exception:
            # What went wrong inside is for this side's log, not for the peer.
            logger.exception("the handler of %s failed", call.method.path)
            call.fail(RPCError(StatusCode.UNKNOWN, f"the handler of {call.method.path} failed"))
            return StatusCode.UNKNOWN

    def _returned(self, call: ServerCall, task: asyncio.Task[StatusCode], began: float) -> None:
        code = StatusCode.CANCELLED if task.cancelled() else task.result()
        if not call.is_over:
            call.fail(RPCError(StatusCode.CANCELLED, "the handler was cancelled"))
        self._calls.pop(call.call_id, None)
        self._reception.end_call(call.method.path, code, time.monotonic() - began)
        self.machine.release(call.call_id)  # W23
        self.turn()
        if self.machine.sent_go_away is not None:
            self._watch_idleness()

    def _expire(self, call: ServerCall) -> None:
        """W24."""
        call.stop(RPCError(StatusCode.DEADLINE_EXCEEDED, "the call's time has run out"))

    def _watch_idleness(self) -> None:
        if self._idle_timer is None and self.machine.call_count == 0:
            self._idle_timer = self._loop.call_later(IDLE_SECONDS, self._close_if_idle)

    def _close_if_idle(self) -> None:
        self._idle_timer = None
        if self.machine.call_count == 0:
            self.end("the server is stopping")

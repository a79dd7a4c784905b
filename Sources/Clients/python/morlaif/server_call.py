"""One call at a server, and what its handler is told about it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from morlaif.method import Method
from morlaif.status import Metadata, RPCError, StatusCode
from morlaif.transport import WireTransport
from morlaif.wire import CallHeader, EndStatus, events
from morlaif.wire.compression import inflated


@dataclass(frozen=True, slots=True)
class Peer:
    """Who calls."""

    address: str
    """Address and port."""
    names: tuple[str, ...]
    """Names in the certificate that the peer showed."""


class Context:
    """What a handler may know about the call and say beside its reply."""

    def __init__(self, peer: Peer, header: CallHeader) -> None:
        self.peer = peer
        """Who calls."""
        self.method = header.method
        """Full name of the method."""
        self.metadata = header.metadata
        """What the caller sent beside the requests."""
        self.trailing_metadata: Metadata = ()
        """Set by the handler: sent with the status."""
        self.deadline: float | None = None
        """When the call has to be done, on the monotonic clock; None for no limit."""
        if header.timeout_us:
            self.deadline = time.monotonic() + header.timeout_us / 1e6
        self._cancelled = threading.Event()

    def time_left(self) -> float | None:
        """Seconds until the deadline; None for no limit."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody waits for the reply any more; long work should stop then."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Tells the handler to stop; the server's to call."""
        self._cancelled.set()


class ServerCall:
    """Requests in, replies out; bytes are decoded and encoded here."""

    def __init__(
        self, transport: WireTransport, call_id: int, method: Method[Any, Any], context: Context
    ) -> None:
        self._transport = transport
        self.call_id = call_id
        self.method = method
        self.context = context
        self.task: asyncio.Task[StatusCode] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self._inbox: deque[events.Message] = deque()
        self._has_all_requests = False
        self._is_over = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether its status is sent, or the client has abandoned it."""
        return self._is_over

    async def request(self) -> Any:
        """The next request; None when the client sends no more."""
        while not self._inbox:
            self._check()
            if self._has_all_requests:
                return None
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        message = self._inbox.popleft()
        self._transport.machine.taken(self.call_id, message.cost)
        self._transport.turn()
        data = message.data
        if message.is_compressed:
            size_max = self._transport.machine.local.message_bytes_max
            data = inflated(data, size_max, StatusCode.INVALID_ARGUMENT)
        try:
            return self.method.request_type.FromString(data)
        except Exception as error:  # protobuf's DecodeError has moved between its versions.
            raise RPCError(
                StatusCode.INVALID_ARGUMENT, f"the request cannot be decoded: {error}"
            ) from None  # W21

    async def only_request(self) -> Any:
        """Exactly one request (W20)."""
        request = await self.request()
        if request is None:
            raise RPCError(StatusCode.INVALID_ARGUMENT, f"{self.method.path} needs a request")
        if await self.request() is not None:
            raise RPCError(StatusCode.INVALID_ARGUMENT, f"{self.method.path} takes one request")
        return request

    async def write(self, reply: Any) -> None:
        """Sends one of several replies and waits until it is on its way."""
        self._check()
        data = self._encode(reply)
        written = self._transport.machine.send_message(self.call_id, data)
        self._transport.turn()
        if written is False:
            self._writer = asyncio.get_running_loop().create_future()
            try:
                await self._writer
            finally:
                self._writer = None
        self._check()

    def succeed(self, reply: Any = None) -> None:
        """Ends the call with OK, and with its only reply for a method that gives one."""
        if self._is_over:
            return
        status = EndStatus(metadata=self.context.trailing_metadata)
        message = self._encode(reply) if self.method.kind.gives_one else None
        self._transport.machine.send_status(self.call_id, status, message)
        self._finish()

    def fail(self, error: RPCError) -> None:
        """Ends the call with another status; nothing happens when it is over."""
        if self._is_over:
            return
        code = StatusCode.UNKNOWN if error.code is StatusCode.OK else error.code
        metadata = error.metadata or self.context.trailing_metadata
        # Never unprocessed (W38): a handler saw the call, whatever became of its own calls.
        status = EndStatus(code, error.message, metadata)
        self._transport.machine.send_status(self.call_id, status)
        self._finish()

    def stop(self, error: RPCError) -> None:
        """Ends the call from outside and stops its handler."""
        self.fail(error)
        self.cancelled()

    # From the connection.

    def deliver(self, message: events.Message) -> None:
        """Takes a request."""
        self._inbox.append(message)
        _wake(self._reader)

    def requests_ended(self) -> None:
        """The client sends no more."""
        self._has_all_requests = True
        _wake(self._reader)

    def written(self) -> None:
        """The reply that waited is on its way."""
        _wake(self._writer)

    def cancelled(self) -> None:
        """The call is over on the wire (W19): stops the handler."""
        self._is_over = True
        self._inbox.clear()
        self.context.cancel()
        if self.timer is not None:
            self.timer.cancel()
        if self.task is not None:
            self.task.cancel()

    def _finish(self) -> None:
        self._is_over = True
        if self.timer is not None:
            self.timer.cancel()
        self._transport.turn()

    def _check(self) -> None:
        if self._is_over:
            raise asyncio.CancelledError

    def _encode(self, reply: Any) -> bytes:
        if not isinstance(reply, self.method.reply_type):
            raise TypeError(
                f"the handler of {self.method.path} gave {type(reply).__name__}, "
                f"not {self.method.reply_type.__name__}"
            )
        data: bytes = reply.SerializeToString()
        allowed = self._transport.machine.peer.message_bytes_max
        if len(data) > allowed:
            raise RPCError(
                StatusCode.RESOURCE_EXHAUSTED,
                f"the reply has {len(data)} bytes, the client takes at most {allowed}",
            )
        return data


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)

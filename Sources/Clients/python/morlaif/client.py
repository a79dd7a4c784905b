"""The asyncio client: connections to a service, and calls of every kind."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import Any, Generic, TypeVar

from morlaif import deadline as deadlines
from morlaif.client_transport import ClientCall, ClientTransport
from morlaif.credentials import Credentials, split_address
from morlaif.method import Method, ProtobufMessage, Reply, Request
from morlaif.retry import RetryBudget, RetryPolicy, may_repeat
from morlaif.status import Metadata, RPCError, StatusCode
from morlaif.transport import Timing, all_closed
from morlaif.wire import Settings
from morlaif.wire.compression import FEATURE

AGENT = "morlaif-python/0.1.0"
Result = TypeVar("Result")
DEFAULT = object()
"""Stands for the client's default timeout."""


class _NotConnected(RPCError):
    """There is no connection to send a call on."""

    def __init__(self, message: str) -> None:
        super().__init__(StatusCode.UNAVAILABLE, message, unprocessed=True)


class _Endpoint:
    """One address, and the connection to it while there is one."""

    def __init__(self, address: str, client: AsyncClient) -> None:
        self.address = address
        self.host, self.port = split_address(address)
        self._client = client
        self.transport: ClientTransport | None = None
        self._connecting: asyncio.Task[ClientTransport] | None = None
        self._failures = 0
        self._error: RPCError | None = None
        self.retry_at = 0.0

    @property
    def load(self) -> int:
        """Open calls."""
        return self.transport.call_count if self.transport else 0

    @property
    def is_connected(self) -> bool:
        """Whether calls can begin at once."""
        return self.transport is not None and self.transport.takes_calls

    def is_resting(self, now: float) -> bool:
        """Whether it failed so recently that it is not tried again yet."""
        return not self.is_connected and self._connecting is None and now < self.retry_at

    async def connected(self, deadline: float | None) -> ClientTransport:
        """The connection, made when there is none; callers share one attempt."""
        if self.transport is not None and self.transport.takes_calls:
            return self.transport
        loop = asyncio.get_running_loop()
        if self._connecting is None:
            if self._error is not None and loop.time() < self.retry_at:
                raise self._error
            self._connecting = loop.create_task(self._connect())
            # Its callers may all have left when it fails.
            self._connecting.add_done_callback(lambda task: task.cancelled() or task.exception())
        task = self._connecting
        await asyncio.wait((task,), timeout=deadlines.left(deadline))
        if not task.done():
            raise RPCError(
                StatusCode.DEADLINE_EXCEEDED, f"no connection to {self.address} in time"
            )
        if task.cancelled():
            raise RPCError(StatusCode.CANCELLED, "this client was closed")
        return task.result()

    async def _connect(self) -> ClientTransport:
        client = self._client
        loop = asyncio.get_running_loop()
        try:
            transport = await self._attempt(loop)
        except RPCError as error:
            self._failures += 1
            self._error = error
            self.retry_at = loop.time() + client.retry.pause(self._failures)
            raise
        else:
            self._failures = 0
            self._error = None
            self.transport = transport
            return transport
        finally:
            self._connecting = None

    async def _attempt(self, loop: asyncio.AbstractEventLoop) -> ClientTransport:
        client = self._client

        def make() -> ClientTransport:
            name = client.server_name or self.host
            return ClientTransport(
                client.context, name, client.settings, AGENT, client.timing, client.features
            )

        try:
            _, transport = await asyncio.wait_for(
                loop.create_connection(make, self.host, self.port), client.connect_timeout
            )
        except (OSError, asyncio.TimeoutError) as error:
            reason = str(error) or f"no answer within {client.connect_timeout} s"
            raise _NotConnected(f"{self.address}: {reason}") from None
        try:
            await transport.ready  # W10: the first CALL comes after the server's HELLO.
        except RPCError as error:
            raise _NotConnected(f"{self.address}: {error.message}") from None
        return transport

    async def close(self) -> None:
        """Ends the connection, saying so."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self.transport is not None:
            self.transport.machine.go_away()
            self.transport.end("this client was closed")


class AsyncClient:
    """Calls a service at one or several addresses.

    Connections are made when the first call needs them, kept, and made again after they broke. A
    call goes to the address with the fewest open calls.

    Args:
        endpoints: "HOST:PORT", or several of them that offer the same.
        credentials: who this client is; None takes the "client" of the folder that the environment's
            `MORLAIF_CERTIFICATES` names.
        server_name: the name that the server's certificate must carry; None means the host.
        timeout: seconds for calls with one reply that name no timeout of their own; None lets them
            take any time. Streams of replies have none by default.
        retry: when calls are sent again.
        settings: what the server may send.
        connect_timeout: seconds for TCP to connect.
        timing: times of handshake and keep-alive.
        compression: offers to compress messages with zlib; in force when the server offers it too.
    """

    def __init__(
        self,
        endpoints: str | Iterable[str],
        credentials: Credentials | None = None,
        *,
        server_name: str | None = None,
        timeout: float | None = 600.0,
        retry: RetryPolicy | None = None,
        settings: Settings | None = None,
        connect_timeout: float = 5.0,
        timing: Timing | None = None,
        compression: bool = False,
    ) -> None:
        addresses = [endpoints] if isinstance(endpoints, str) else list(endpoints)
        if not addresses:
            raise ValueError("a client needs at least one endpoint")
        self.context: ssl.SSLContext = (credentials or Credentials.folder()).client_context()
        self.server_name = server_name
        self.timeout = timeout
        self.retry = retry or RetryPolicy()
        self.settings = settings or Settings()
        self.connect_timeout = connect_timeout
        self.timing = timing or Timing()
        self.features = [FEATURE] if compression else []
        self._endpoints = [_Endpoint(address, self) for address in addresses]
        self._budget = RetryBudget()
        self._turn = 0
        self._is_closed = False

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends all connections; open calls end with UNAVAILABLE."""
        self._is_closed = True
        for endpoint in self._endpoints:
            await endpoint.close()
        await all_closed(e.transport.closed for e in self._endpoints if e.transport is not None)

    async def unary(
        self,
        method: Method[Request, Reply],
        request: Request,
        *,
        timeout: float | None | object = DEFAULT,
        metadata: Metadata = (),
    ) -> Reply:
        """Calls a method that takes one request and gives one reply.

        Raises:
            RPCError: with the status that the call ended with.
        """
        message = request.SerializeToString()
        deadline = deadlines.after(self.timeout_of(timeout))

        async def attempt() -> Reply:
            call = await self.open(method.path, message, True, deadline, metadata)
            return await single_reply(call, method)

        return await self.repeated(attempt, method.is_idempotent, deadline)

    def stream(
        self,
        method: Method[Request, Reply],
        request: Request | None = None,
        requests: Iterable[Request] | AsyncIterable[Request] | None = None,
        *,
        timeout: float | None = None,
        metadata: Metadata = (),
    ) -> AsyncCall[Request, Reply]:
        """Calls a method of any kind; what comes back is iterated over.

        Args:
            method: what to call.
            request: the only request, for methods that take one.
            requests: requests to send while replies are read; without them, use `send`.
            timeout: seconds for the whole call.
            metadata: sent with the call.
        """
        return AsyncCall(self, method, request, requests, deadlines.after(timeout), metadata)

    async def client_streaming(
        self,
        method: Method[Request, Reply],
        requests: Iterable[Request] | AsyncIterable[Request],
        *,
        timeout: float | None | object = DEFAULT,
        metadata: Metadata = (),
    ) -> Reply:
        """Calls a method that takes many requests and gives one reply."""
        seconds = self.timeout_of(timeout)
        call = self.stream(method, None, requests, timeout=seconds, metadata=metadata)
        async with call:
            return await call.only_reply()

    # For `AsyncCall` and the synchronous client.

    def timeout_of(self, timeout: float | None | object) -> float | None:
        """The timeout of a call that may have named none."""
        return self.timeout if timeout is DEFAULT else timeout  # type: ignore[return-value]

    async def open(
        self, path: str, message: bytes | None, end: bool, deadline: float | None,
        metadata: Metadata,
    ) -> ClientCall:
        """Opens a call at the endpoint that suits best."""
        if self._is_closed:
            raise RPCError(StatusCode.CANCELLED, "this client was closed")
        transport = await self._choose().connected(deadline)
        return await transport.open(path, message, end, deadline, metadata)

    async def repeated(
        self, attempt: Callable[[], Awaitable[Result]], is_idempotent: bool, deadline: float | None
    ) -> Result:
        """Does `attempt`, and again where nothing can happen twice (W38)."""
        failures = 0
        while True:
            try:
                result = await attempt()
            except RPCError as error:
                failures += 1
                # Who could not be reached at all is not burdened by the next attempt.
                has_room = isinstance(error, _NotConnected) or self._budget.failed()
                if (
                    not may_repeat(error, is_idempotent)
                    or not has_room
                    or failures >= self.retry.attempts_max
                ):
                    raise
                pause = self.retry.pause(failures)
                left = deadlines.left(deadline)
                if left is not None and pause >= left:
                    raise
                await asyncio.sleep(pause)
            else:
                self._budget.succeeded()
                return result

    def _choose(self) -> _Endpoint:
        now = asyncio.get_running_loop().time()
        self._turn += 1
        count = len(self._endpoints)
        order = [self._endpoints[(self._turn + i) % count] for i in range(count)]
        awake = [endpoint for endpoint in order if not endpoint.is_resting(now)]
        if not awake:
            return min(order, key=lambda endpoint: endpoint.retry_at)
        return min(awake, key=lambda endpoint: endpoint.load)


class AsyncCall(Generic[Request, Reply]):
    """A call whose messages come one by one; iterate over it for the replies.

    Leaving an `async with` block, or `cancel`, abandons a call that has not ended.
    """

    def __init__(
        self, client: AsyncClient, method: Method[Request, Reply], request: Request | None,
        requests: Iterable[Request] | AsyncIterable[Request] | None, deadline: float | None,
        metadata: Metadata,
    ) -> None:
        self._client = client
        self._method = method
        self._request = None if request is None else request.SerializeToString()
        self._requests = requests
        self._deadline = deadline
        self._metadata = metadata
        self._call: ClientCall | None = None
        self._starting: asyncio.Lock = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None
        self._is_cancelled = False
        self._has_replies = False

    @property
    def trailing_metadata(self) -> Metadata:
        """What the server sent with the call's end; empty before."""
        status = self._call.status if self._call else None
        return status.metadata if status else ()

    async def send(self, request: Request) -> bool:
        """Sends a request and waits until it is on its way; False when the call has ended."""
        return await (await self.started()).write(request.SerializeToString())

    async def end_requests(self) -> None:
        """Sends no more requests."""
        (await self.started()).end_requests()

    def cancel(self) -> None:
        """Abandons the call."""
        self._is_cancelled = True
        if self._writer is not None:
            self._writer.cancel()
        if self._call is not None:
            self._call.cancel()

    def __aiter__(self) -> AsyncCall[Request, Reply]:
        return self

    async def __anext__(self) -> Reply:
        data = await self._next()
        if data is None:
            await self._settle()
            raise StopAsyncIteration
        return decode_reply(data, self._method, self)

    async def only_reply(self) -> Reply:
        """The reply of a method that gives exactly one (W20)."""
        reply = single_reply(await self.started(), self._method)
        try:
            return await reply
        finally:
            await self._settle()

    async def __aenter__(self) -> AsyncCall[Request, Reply]:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cancel()

    def __del__(self) -> None:
        if self._call is not None and self._call.status is None:
            self._call.abandoned()

    async def started(self) -> ClientCall:
        """The call, opened when it was not yet; a call the server never took is opened again."""
        async with self._starting:
            if self._call is None:
                if self._is_cancelled:
                    raise RPCError(StatusCode.CANCELLED, "the caller gave up")
                self._call = await self._client.repeated(self._open, False, self._deadline)
                if self._requests is not None:
                    self._writer = asyncio.get_running_loop().create_task(self._write())
        return self._call

    async def _open(self) -> ClientCall:
        message = self._request
        return await self._client.open(
            self._method.path, message, message is not None, self._deadline, self._metadata
        )

    async def _next(self) -> bytes | None:
        """The next reply; a call with one request starts anew where nothing can happen twice."""

        async def attempt() -> bytes | None:
            call = await self.started()
            try:
                return await call.reply()
            except RPCError as error:
                if self._has_replies or self._request is None or self._is_cancelled:
                    raise _Final(error) from None
                self._call = None
                raise

        try:
            data = await self._client.repeated(
                attempt, self._method.is_idempotent, self._deadline
            )
        except _Final as final:
            await self._settle()
            raise final.error from None
        self._has_replies = True
        return data

    async def _write(self) -> None:
        call = self._call
        requests = self._requests
        assert call is not None and requests is not None
        try:
            if isinstance(requests, AsyncIterable):
                async for request in requests:
                    if not await call.write(request.SerializeToString()):
                        return
            else:
                for request in requests:
                    if not await call.write(request.SerializeToString()):
                        return
            call.end_requests()
        except BaseException as error:
            # The requests are broken off, so the call cannot mean what was intended.
            call.cancel(reason=f"the requests ended with {type(error).__name__}")
            raise

    async def _settle(self) -> None:
        """Lets a failure of the caller's own requests be seen rather than its consequence."""
        writer = self._writer
        if writer is None:
            return
        if not writer.done():
            writer.cancel()
        elif not writer.cancelled() and (error := writer.exception()) is not None:
            raise error


class _Final(Exception):
    """Carries an error past the retries."""

    def __init__(self, error: RPCError) -> None:
        super().__init__(error)
        self.error = error


async def single_reply(call: ClientCall, method: Method[Any, Reply]) -> Reply:
    """Exactly one reply and OK (W20)."""
    data = await call.reply()
    if data is None:
        raise RPCError(StatusCode.INTERNAL, f"{method.path} ended with OK and without a reply")
    if await call.reply() is not None:
        call.cancel()
        raise RPCError(StatusCode.INTERNAL, f"{method.path} gave more than one reply")
    return decode_reply(data, method, call)


def decode_reply(data: bytes, method: Method[Any, Reply], call: Any) -> Reply:
    """The message; one that cannot be decoded ends the call (W21)."""
    try:
        reply: Reply = method.reply_type.FromString(data)
        return reply
    except Exception as error:  # protobuf's DecodeError has moved between its versions.
        call.cancel()
        raise RPCError(
            StatusCode.INTERNAL, f"{method.path}: a reply cannot be decoded: {error}"
        ) from None

"""The synchronous client: the asyncio one on a thread of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Generic, TypeVar

from morlaif import deadline as deadlines
from morlaif.client import DEFAULT, AsyncCall, AsyncClient
from morlaif.credentials import Credentials
from morlaif.method import Method, Reply, Request
from morlaif.status import Metadata, RPCError, StatusCode

Result = TypeVar("Result")


class _LoopThread:
    """An event loop that runs on a thread of its own."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self._work, name="morlaif-client", daemon=True).start()

    def run(self, make: Callable[[], Awaitable[Result]]) -> Result:
        """Waits for what `make`'s coroutine gives; an interrupt cancels it."""

        async def work() -> Result:
            return await make()

        future = asyncio.run_coroutine_threadsafe(work(), self.loop)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise RPCError(StatusCode.CANCELLED, "this client was closed") from None
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """Ends the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)

    def _work(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            if tasks:
                gathered = asyncio.gather(*tasks, return_exceptions=True)
                self.loop.run_until_complete(gathered)
            self.loop.close()


class Client:
    """Calls a service at one or several addresses, from any thread.

    Takes the arguments of `AsyncClient`. It may be pickled and may be used after a fork: each process
    makes connections of its own when its first call needs them.
    """

    def __init__(
        self,
        endpoints: str | Iterable[str],
        credentials: Credentials | None = None,
        **options: Any,
    ) -> None:
        addresses = endpoints if isinstance(endpoints, str) else tuple(endpoints)
        self._arguments: tuple[Any, ...] = (addresses, credentials or Credentials.folder())
        self._options = options
        self._lock = threading.Lock()
        self._thread: _LoopThread | None = None
        self._client: AsyncClient | None = None
        # Wrong arguments and unreadable certificates are told here rather than by the first call.
        AsyncClient(*self._arguments, **options)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"arguments": self._arguments, "options": self._options}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(*state["arguments"], **state["options"])  # type: ignore[misc]

    def close(self) -> None:
        """Ends all connections and the thread; a later call makes them anew."""
        with self._lock:
            thread, client = self._thread, self._client
            self._thread = self._client = None
        if thread is not None and client is not None and thread.process == os.getpid():
            try:
                thread.run(client.close)
            finally:
                thread.stop()

    def unary(
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
        thread, client = self._running()
        seconds = self._seconds(client.timeout_of(timeout))
        return thread.run(
            lambda: client.unary(method, request, timeout=seconds, metadata=metadata)
        )

    def stream(
        self,
        method: Method[Request, Reply],
        request: Request | None = None,
        requests: Iterable[Request] | None = None,
        *,
        timeout: float | None = None,
        metadata: Metadata = (),
    ) -> Call[Request, Reply]:
        """Calls a method of any kind; what comes back is iterated over.

        Args:
            method: what to call.
            request: the only request, for methods that take one.
            requests: requests to send while replies are read, from a thread of their own; without
                them, use `send`.
            timeout: seconds for the whole call.
            metadata: sent with the call.
        """
        thread, client = self._running()
        seconds = self._seconds(timeout)

        async def make() -> AsyncCall[Request, Reply]:
            call = client.stream(method, request, timeout=seconds, metadata=metadata)
            await call.started()
            return call

        return Call(thread, thread.run(make), requests)

    def client_streaming(
        self,
        method: Method[Request, Reply],
        requests: Iterable[Request],
        *,
        timeout: float | None | object = DEFAULT,
        metadata: Metadata = (),
    ) -> Reply:
        """Calls a method that takes many requests and gives one reply."""
        seconds = self._running()[1].timeout_of(timeout)
        with self.stream(method, None, requests, timeout=seconds, metadata=metadata) as call:
            return call.only_reply()

    @staticmethod
    def _seconds(timeout: float | None) -> float | None:
        """What is left of the call being handled on this thread may be less (W24)."""
        return deadlines.left(deadlines.after(timeout))

    def _running(self) -> tuple[_LoopThread, AsyncClient]:
        with self._lock:
            if self._thread is None or self._thread.process != os.getpid() or self._client is None:
                self._thread = _LoopThread()
                self._client = AsyncClient(*self._arguments, **self._options)
            return self._thread, self._client


class Call(Generic[Request, Reply]):
    """A call whose messages come one by one; iterate over it for the replies.

    Leaving a `with` block, or `cancel`, abandons a call that has not ended.
    """

    def __init__(
        self, thread: _LoopThread, call: AsyncCall[Request, Reply],
        requests: Iterable[Request] | None,
    ) -> None:
        self._thread = thread
        self._call = call
        self._error: BaseException | None = None
        if requests is not None:
            writer = threading.Thread(
                target=self._write, args=(requests,), name="morlaif-requests", daemon=True
            )
            writer.start()

    @property
    def trailing_metadata(self) -> Metadata:
        """What the server sent with the call's end; empty before."""
        return self._call.trailing_metadata

    def send(self, request: Request) -> bool:
        """Sends a request and waits until it is on its way; False when the call has ended."""
        return self._thread.run(lambda: self._call.send(request))

    def end_requests(self) -> None:
        """Sends no more requests."""
        self._thread.run(self._call.end_requests)

    def cancel(self) -> None:
        """Abandons the call."""
        self._thread.loop.call_soon_threadsafe(self._call.cancel)

    def only_reply(self) -> Reply:
        """The reply of a method that gives exactly one (W20)."""
        return self._guarded(self._call.only_reply)

    def __iter__(self) -> Call[Request, Reply]:
        return self

    def __next__(self) -> Reply:
        try:
            return self._guarded(self._call.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None

    def __enter__(self) -> Call[Request, Reply]:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def _guarded(self, make: Callable[[], Awaitable[Result]]) -> Result:
        """Shows a failure of the caller's own requests rather than its consequence."""
        try:
            return self._thread.run(make)
        except RPCError:
            if self._error is not None:
                raise self._error from None
            raise

    def _write(self, requests: Iterable[Request]) -> None:
        try:
            for request in requests:
                if not self.send(request):
                    return
            self.end_requests()
        except RPCError:
            pass  # The call has ended; whoever reads its replies hears why.
        except BaseException as error:
            self._error = error
            self.cancel()

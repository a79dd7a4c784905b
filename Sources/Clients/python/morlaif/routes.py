"""Which function handles a method, and how functions of every kind are run."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Executor
from typing import Any

from morlaif import deadline as deadlines
from morlaif.method import Handler, Method
from morlaif.server_call import ServerCall
from morlaif.status import RPCError, StatusCode

Route = Callable[[ServerCall], Awaitable[None]]
"""Handles a call to its end."""


def routes_of(
    handler: Handler, threads: Executor
) -> Iterator[tuple[Method[Any, Any], Route]]:
    """Every method that `handler` handles.

    A method is handled by the function of its name: a coroutine function or asynchronous generator on
    the server's event loop, which it must not block; any other function on a thread of its own. A
    method with many replies gives an iterator of them, asynchronous or not.
    """
    declaring = next(kind for kind in type(handler).__mro__ if "service" in vars(kind))
    for method in handler.service.methods:
        function = getattr(handler, method.python_name)
        if getattr(type(handler), method.python_name) is vars(declaring)[method.python_name]:
            yield method, _unimplemented
        elif inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function):
            yield method, _asynchronous(method, function)
        else:
            yield method, _threaded(method, function, threads)


async def _unimplemented(call: ServerCall) -> None:
    raise RPCError(StatusCode.UNIMPLEMENTED, f"this server does not handle {call.method.path}")


def _asynchronous(method: Method[Any, Any], function: Callable[..., Any]) -> Route:
    async def route(call: ServerCall) -> None:
        deadlines.of_handler.set(call.context.deadline)
        one = method.kind.takes_one
        argument = await call.only_request() if one else _requests(call)
        result = function(argument, call.context)
        if method.kind.gives_one:
            call.succeed(await result)
            return
        replies = result if hasattr(result, "__aiter__") else await result
        try:
            async for reply in replies:
                await call.write(reply)
        finally:
            if hasattr(replies, "aclose"):
                await replies.aclose()
        call.succeed()

    return route


async def _requests(call: ServerCall) -> AsyncIterator[Any]:
    while (request := await call.request()) is not None:
        yield request


def _threaded(
    method: Method[Any, Any], function: Callable[..., Any], threads: Executor
) -> Route:
    async def route(call: ServerCall) -> None:
        loop = asyncio.get_running_loop()
        argument = await call.only_request() if method.kind.takes_one else None

        def wait_for(coroutine: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

        def requests() -> Iterator[Any]:
            while (request := wait_for(_unless_over(call.request()))) is not None:
                yield request

        def work() -> Any:
            if call.context.is_cancelled:
                return None  # Given up while it waited for a thread.
            deadlines.of_handler.set(call.context.deadline)
            given = argument if method.kind.takes_one else requests()
            result = function(given, call.context)
            if method.kind.gives_one:
                return result
            for reply in result:
                wait_for(_unless_over(call.write(reply)))
            return None

        future = loop.run_in_executor(threads, contextvars.copy_context().run, work)
        try:
            result = await asyncio.shield(future)
        except asyncio.CancelledError:
            # W23: a call counts until its handler has returned; a thread cannot be stopped.
            while not future.done():
                try:
                    await asyncio.wait((future,))
                except asyncio.CancelledError:
                    continue
            future.cancelled() or future.exception()
            raise
        call.succeed(result)

    return route


async def _unless_over(awaitable: Awaitable[Any]) -> Any:
    """A call that is over ends a threaded handler with an ordinary exception."""
    try:
        return await awaitable
    except asyncio.CancelledError:
        raise RPCError(StatusCode.CANCELLED, "nobody waits for this call any more") from None

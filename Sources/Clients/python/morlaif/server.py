"""A server for any service of the contract."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from morlaif.credentials import Credentials, split_address
from morlaif.health import Health, Metrics, Reflection, services_of
from morlaif.method import Handler
from morlaif.reception import AdmissionRate, Reception
from morlaif.routes import routes_of
from morlaif.server_call import Peer
from morlaif.server_transport import ServerTransport
from morlaif.transport import Timing, all_closed
from morlaif.wire import Settings
from morlaif.wire.compression import FEATURE

logger = logging.getLogger("morlaif")

VERSION = "0.1.0"
NEVER_SECONDS = 3_600.0
"""A drain without a limit still ends."""


class AsyncServer:
    """Offers handlers' services, with `Health`, `Reflection` and `Metrics` beside them.

    Args:
        handlers: objects of classes derived from the generated handlers.
        credentials: who this server is; None takes the one named for the first service in the folder
            that the environment's `MORLAIF_CERTIFICATES` names ("scalarizer" for `Scalarizer`).
        listen: "HOST:PORT"; port 0 lets the system choose.
        settings: what clients may send, on each connection.
        connections_max: connections at once, handshakes included; more are closed at once.
        handshakes_per_second_max: connections that may begin within a second; 0 for no limit.
        calls_max: calls at once over all connections; more end with RESOURCE_EXHAUSTED.
        threads: how many functions that are not coroutines run at once.
        may_call: says whether a peer may call a method; None lets everybody with a certificate.
        timing: times of handshake and keep-alive.
        compression: offers to compress messages with zlib; in force with clients that offer it too.
    """

    def __init__(
        self,
        *handlers: Handler,
        credentials: Credentials | None = None,
        listen: str = "127.0.0.1:0",
        settings: Settings | None = None,
        connections_max: int = 8_192,
        handshakes_per_second_max: int = 1_000,
        calls_max: int = 16_384,
        threads: int = 8,
        may_call: Callable[[Peer, str], bool] | None = None,
        timing: Timing | None = None,
        compression: bool = False,
    ) -> None:
        if not handlers:
            raise ValueError("a server needs at least one handler")
        services = services_of(handlers)
        self.name = _kebab(services[0].name.rpartition(".")[2])
        self.health = Health([service.name for service in services])
        """Says whether the services are ready; `set` changes it."""
        self.metrics = Metrics()
        self._listen = split_address(listen)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="morlaif-handler")
        standard: list[Handler] = [self.health, self.metrics]
        everything = [*services, *services_of(standard), Reflection.service]
        self._reception = Reception(
            agent=f"{self.name}-python/{VERSION}",
            context=(credentials or Credentials.folder(name=self.name)).server_context(),
            settings=settings or Settings(),
            features=[FEATURE] if compression else [],
            timing=timing or Timing(),
            connections_max=connections_max,
            rate=AdmissionRate(handshakes_per_second_max),
            calls_max=calls_max,
            allows=may_call,
            metrics=self.metrics,
            routes={
                method.path: (method, route)
                for handler in (*handlers, *standard, Reflection(everything))
                for method, route in routes_of(handler, self._threads)
            },
        )
        self._listener: asyncio.Server | None = None

    async def start(self) -> tuple[str, int]:
        """Listens; gives host and port."""
        host, port = self._listen
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: ServerTransport(self._reception), host, port)
        name = self._listener.sockets[0].getsockname()
        logger.info("%s listens on %s:%d", self.name, name[0], name[1])
        return name[0], name[1]

    async def stop(self, drain: float | None = 30.0) -> None:
        """Takes no new connections and calls, lets the open ones end, and closes (W36).

        Args:
            drain: seconds for open calls; those still open then end with UNAVAILABLE.
        """
        if self._listener is not None:
            self._listener.close()
        reception = self._reception
        reception.is_stopping = True
        self.health.stop()
        connections = list(reception.connections)
        for connection in connections:
            connection.drain()
        try:
            if reception.connections:
                limit = NEVER_SECONDS if drain is None else drain
                await asyncio.wait_for(reception.all_left.wait(), limit)
        except asyncio.TimeoutError:
            for connection in list(reception.connections):
                connection.stop()
        await all_closed(connection.closed for connection in connections)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def has_finished(self, seconds: float) -> bool:
        """Whether every handler has returned, within some time."""
        end = time.monotonic() + seconds
        while self._reception.calls and time.monotonic() < end:
            await asyncio.sleep(0.01)
        return self._reception.calls == 0

    async def __aenter__(self) -> AsyncServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def serve(
    *handlers: Handler,
    listen: str = "127.0.0.1:0",
    credentials: Credentials | None = None,
    ready_file: str | None = None,
    drain: float = 30.0,
    **options: Any,
) -> None:
    """Offers handlers' services until SIGTERM or SIGINT, then drains and returns.

    Args:
        handlers: as for `AsyncServer`, which takes the other options too.
        listen: "HOST:PORT"; port 0 lets the system choose.
        credentials: who this server is.
        ready_file: a file to write one JSON line {service, version, host, port, pid} to once
            connections are accepted; None takes the environment's `MORLAIF_READY_FILE`, if it is set.
        drain: seconds for open calls to end.
        options: see `AsyncServer`.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")

    async def run() -> None:
        server = AsyncServer(*handlers, listen=listen, credentials=credentials, **options)
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        host, port = await server.start()
        if ready := ready_file or os.environ.get("MORLAIF_READY_FILE"):
            _write_ready(ready, server.name, host, port)
        await stopped.wait()
        logger.info("%s is stopping", server.name)
        await server.stop(drain)
        if not await server.has_finished(1.0):
            # A thread cannot be stopped, and the interpreter would wait for it for ever.
            logger.warning("a handler goes on after its time; the process ends without it")
            logging.shutdown()
            os._exit(0)

    asyncio.run(run())


def _write_ready(path: str, name: str, host: str, port: int) -> None:
    """Written as a whole, so that a reader never sees half of it."""
    content = {"host": host, "pid": os.getpid(), "port": port, "service": name, "version": VERSION}
    partial = f"{path}.{os.getpid()}"
    with open(partial, "w", encoding="utf-8") as file:
        file.write(json.dumps(content) + "\n")
    os.replace(partial, path)


def _kebab(name: str) -> str:
    """`PreferenceModel` as `preference-model`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()

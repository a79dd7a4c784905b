"""What the connections of one server share: whom it admits, and what handles a call."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from morlaif import health
from morlaif.health import Metrics
from morlaif.method import Method
from morlaif.routes import Route
from morlaif.server_call import Peer
from morlaif.status import StatusCode
from morlaif.transport import Timing
from morlaif.wire import Settings


class Admitted(Protocol):
    """A connection as the server sees it that ends it."""

    closed: asyncio.Future[None]

    def drain(self) -> None:
        """Takes no new calls and closes when the present ones are done."""

    def stop(self) -> None:
        """Ends what is still open."""


class AdmissionRate:
    """A bucket of so many tokens, filled anew within a second; 0 is no limit."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._tokens = float(per_second)
        self._clock = clock
        self._filled_at = clock()

    def take(self) -> bool:
        """Takes a token; False when there is none."""
        if self._per_second == 0:
            return True
        now = self._clock()
        gained = (now - self._filled_at) * self._per_second
        self._tokens = min(self._per_second, self._tokens + gained)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(eq=False)
class Reception:
    """Counts connections and calls against their limits and knows every method's handler."""

    agent: str
    """The server's name and version, for HELLO."""
    context: ssl.SSLContext
    settings: Settings
    """What clients may send, on each connection."""
    features: list[str]
    timing: Timing
    connections_max: int
    rate: AdmissionRate
    """Handshakes a second."""
    calls_max: int
    allows: Callable[[Peer, str], bool] | None
    """Whether a peer may call a method; None allows everybody with a certificate."""
    metrics: Metrics
    routes: dict[str, tuple[Method[Any, Any], Route]]
    """By a method's full name."""
    connections: set[Admitted] = field(default_factory=set)
    calls: int = 0
    """Handlers that have not returned."""
    is_stopping: bool = False
    all_left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a server that is stopping has no connection any more."""

    def admit(self, connection: Admitted) -> bool:
        """Counts a connection; False when there are too many."""
        reason = None
        if not self.rate.take():
            reason = "rate"
        elif self.is_stopping:
            reason = "stopping"
        elif len(self.connections) >= self.connections_max:
            reason = "connections"
        if reason is not None:
            self.metrics.add(health.REFUSED_CONNECTIONS, reason)
            return False
        self.connections.add(connection)
        self.metrics.add(health.OPEN_CONNECTIONS)
        return True

    def left(self, connection: Admitted) -> None:
        """A connection has ended."""
        if connection in self.connections:
            self.connections.remove(connection)
            self.metrics.add(health.OPEN_CONNECTIONS, amount=-1)
        if self.is_stopping and not self.connections:
            self.all_left.set()

    def route(self, path: str) -> tuple[Method[Any, Any], Route] | None:
        """What handles a method."""
        return self.routes.get(path)

    def may_call(self, peer: Peer, path: str) -> bool:
        """Whether a peer may call a method."""
        return self.allows is None or self.allows(peer, path)

    def begin_call(self, path: str) -> bool:
        """Counts a call; False when there are too many."""
        if self.calls >= self.calls_max:
            return False
        self.calls += 1
        self.metrics.add(health.OPEN_CALLS)
        self.metrics.add(health.BEGUN_CALLS, path)
        return True

    def end_call(self, path: str, code: StatusCode, seconds: float) -> None:
        """A handler has returned."""
        self.calls -= 1
        self.metrics.add(health.OPEN_CALLS, amount=-1)
        self.metrics.ended(path, code, seconds)

"""Time left for a call, and how it reaches the calls a handler makes in turn (W24)."""

from __future__ import annotations

import time
from contextvars import ContextVar

of_handler: ContextVar[float | None] = ContextVar("morlaif_deadline", default=None)
"""When the call being handled has to be done, on the monotonic clock; None for no limit."""


def after(timeout: float | None) -> float | None:
    """The moment `timeout` seconds from now, or that of the call being handled if it is sooner."""
    inherited = of_handler.get()
    if timeout is None:
        return inherited
    own = time.monotonic() + timeout
    return own if inherited is None else min(own, inherited)


def left(deadline: float | None) -> float | None:
    """Seconds until a moment, not below 0."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())

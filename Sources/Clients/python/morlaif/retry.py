"""When a client sends a call again by itself: only where nothing can happen twice."""

from __future__ import annotations

import random
from dataclasses import dataclass

from morlaif.status import RPCError, StatusCode


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how soon."""

    attempts_max: int = 4
    """Tries of one call in all; 1 turns retries off."""
    first_pause: float = 0.05
    """Seconds before the second try, and before the second attempt to connect."""
    pause_max: float = 2.0
    """Longest pause in seconds."""

    def pause(self, failures: int) -> float:
        """Seconds to wait after a number of failures.

        Each pause is twice the one before; jitter over its upper half keeps clients from coming
        back all at once.
        """
        longest = min(self.pause_max, self.first_pause * 2.0 ** min(failures - 1, 30))
        return longest * (0.5 + random.random() / 2)


def may_repeat(error: RPCError, is_idempotent: bool) -> bool:
    """Whether a call that ended so may be sent again (WIRE.md section 9, W38)."""
    if error.code is StatusCode.UNAVAILABLE:
        return error.unprocessed or is_idempotent
    return error.code is StatusCode.RESOURCE_EXHAUSTED and error.unprocessed


class RetryBudget:
    """Keeps retries from multiplying the load of a service that is failing.

    A failure that could be retried takes one token, an answer gives a tenth of one back; below half
    of the tokens nothing is tried again. Calls that reached no server burden nobody and take nothing.
    """

    TOKENS_MAX = 100.0

    def __init__(self) -> None:
        self._tokens = self.TOKENS_MAX

    def succeeded(self) -> None:
        """Notes an answer."""
        self._tokens = min(self.TOKENS_MAX, self._tokens + 0.1)

    def failed(self) -> bool:
        """Notes a failure; says whether it may be followed by another try."""
        self._tokens = max(0.0, self._tokens - 1)
        return self._tokens > self.TOKENS_MAX / 2

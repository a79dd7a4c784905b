"""How a call ends: gRPC's codes (WIRE.md section 9) and the exception that carries them."""

from __future__ import annotations

import enum


class StatusCode(enum.IntEnum):
    """The codes of WIRE.md section 9."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16

    @classmethod
    def of(cls, number: int) -> StatusCode:
        """The code of a number as sent; a number this version does not know is UNKNOWN."""
        return _CODES.get(number, cls.UNKNOWN)


_CODES = {code.value: code for code in StatusCode}

Metadata = tuple[tuple[str, str], ...]
"""Keys and values sent with a call or its status, in order; a key may repeat (W25)."""


class RPCError(Exception):
    """A call that did not end with OK.

    A handler raises it to end its call with this status; a client raises what the server said.
    """

    def __init__(
        self,
        code: StatusCode,
        message: str = "",
        metadata: Metadata = (),
        unprocessed: bool = False,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        """Why, for programs."""
        self.message = message
        """Why, for people."""
        self.metadata = metadata
        """What the server sent beside the status."""
        self.unprocessed = unprocessed
        """Whether no handler saw the call, so that it may be sent again (W38)."""

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}" if self.message else self.code.name

    def __reduce__(self) -> tuple[object, ...]:
        return (RPCError, (self.code, self.message, self.metadata, self.unprocessed))

"""What is wrong with a peer."""

from __future__ import annotations

from morlaif.status import StatusCode


class WireError(Exception):
    """A rule of WIRE.md marked [connection] that the peer broke."""

    def __init__(self, rule: int, detail: str) -> None:
        super().__init__(rule, detail)
        self.rule = rule
        """The rule's number."""
        self.detail = detail
        """What the peer did."""

    @property
    def code(self) -> StatusCode:
        """The code that GO_AWAY carries (W37)."""
        if self.rule in (6, 35):
            return StatusCode.RESOURCE_EXHAUSTED
        return StatusCode.FAILED_PRECONDITION if self.rule == 11 else StatusCode.INVALID_ARGUMENT

    def __str__(self) -> str:
        return f"W{self.rule}: {self.detail}"


def malformed(detail: str) -> WireError:
    """A control payload that is not the protobuf message it should be (W7)."""
    return WireError(7, f"malformed control message: {detail}")

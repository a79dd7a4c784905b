"""What received frames mean to the driver of a connection."""

from __future__ import annotations

from dataclasses import dataclass

from morlaif.wire.control import CallHeader, Cancel, EndStatus, GoAway, Hello
from morlaif.wire.errors import WireError


@dataclass(slots=True)
class Ready:
    """The peer's HELLO was accepted; calls may begin."""

    hello: Hello


@dataclass(slots=True)
class Called:
    """Server: a call began; its handler is to be started, or it is to be refused."""

    call_id: int
    header: CallHeader


@dataclass(slots=True)
class Message:
    """A message is complete; `cost` is given back with `taken` once the application has it."""

    call_id: int
    data: bytes
    cost: int
    is_compressed: bool = False
    """Whether the data is a zlib stream, for the driver to inflate (W41)."""


@dataclass(slots=True)
class RequestsEnded:
    """Server: the client sends no more messages in this call."""

    call_id: int


@dataclass(slots=True)
class Ended:
    """Client: the server ended the call; its last message, if any, came before."""

    call_id: int
    status: EndStatus


@dataclass(slots=True)
class Cancelled:
    """Server: the client abandoned the call."""

    call_id: int
    cancel: Cancel


@dataclass(slots=True)
class Failed:
    """This side ended the call over a limit; the peer has been told."""

    call_id: int
    status: EndStatus


@dataclass(slots=True)
class Written:
    """The message of this call that waited for window is in the output."""

    call_id: int


@dataclass(slots=True)
class GoingAway:
    """The peer takes no new calls, or is about to close with an error."""

    go_away: GoAway


@dataclass(slots=True)
class Pong:
    """An answer to a PING."""

    opaque: int


@dataclass(slots=True)
class Refused:
    """The peer broke a rule: GO_AWAY is in the output, close the connection (W37)."""

    error: WireError


Event = (
    Ready | Called | Message | RequestsEnded | Ended | Cancelled
    | Failed | Written | GoingAway | Pong | Refused
)

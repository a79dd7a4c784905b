"""The wire protocol (Protos/WIRE.md) without any I/O. Rules are cited as W1 to W42."""

from morlaif.wire.connection import Connection
from morlaif.wire.control import CallHeader, Cancel, EndStatus, GoAway, Hello
from morlaif.wire.errors import WireError
from morlaif.wire.limits import Settings
from morlaif.wire.sending import Phase, Role

__all__ = [
    "CallHeader",
    "Cancel",
    "Connection",
    "EndStatus",
    "GoAway",
    "Hello",
    "Phase",
    "Role",
    "Settings",
    "WireError",
]

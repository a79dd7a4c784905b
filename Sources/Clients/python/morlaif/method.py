"""Methods of the contract, as the generated stubs describe them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar


class ProtobufMessage(Protocol):
    """What this package needs of a generated message."""

    def SerializeToString(self) -> bytes:
        """The message's bytes."""

    @classmethod
    def FromString(cls, data: bytes) -> Any:
        """The message that `data` holds."""


Request = TypeVar("Request", bound=ProtobufMessage)
Reply = TypeVar("Reply", bound=ProtobufMessage)


class MethodKind(enum.IntEnum):
    """The four kinds; numbers are those of `morlaif.v1.MethodKind`."""

    UNARY = 1
    SERVER_STREAMING = 2
    CLIENT_STREAMING = 3
    BIDIRECTIONAL = 4

    @property
    def takes_one(self) -> bool:
        """Whether a call carries exactly one request (W20)."""
        return self in (MethodKind.UNARY, MethodKind.SERVER_STREAMING)

    @property
    def gives_one(self) -> bool:
        """Whether a call has exactly one reply (W20)."""
        return self in (MethodKind.UNARY, MethodKind.CLIENT_STREAMING)


@dataclass(frozen=True, slots=True)
class Method(Generic[Request, Reply]):
    """One method of a service."""

    service: str
    """Full name, such as "morlaif.v1.Scalarizer"."""
    name: str
    """Name in the contract, such as "Scalarize"."""
    kind: MethodKind
    request_type: type[Request]
    reply_type: type[Reply]
    is_idempotent: bool = False
    """Whether calling twice is as good as once."""
    python_name: str = ""
    """Name of the function that calls or handles it."""

    @property
    def path(self) -> str:
        """Full name, such as "morlaif.v1.Scalarizer/Scalarize"."""
        return f"{self.service}/{self.name}"


@dataclass(frozen=True, slots=True)
class Service:
    """A service with its methods."""

    name: str
    """Full name, such as "morlaif.v1.Scalarizer"."""
    methods: tuple[Method[Any, Any], ...]
    """In the contract's order."""
    file: Any = field(repr=False)
    """Descriptor of the file that declares it."""


class Handler:
    """Base of the generated handler classes, which a server's own classes derive from."""

    service: Service
    """What the class handles."""

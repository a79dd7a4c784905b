"""Control messages of `wire.proto`, as values (W7)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields

from morlaif.status import Metadata, RPCError, StatusCode
from morlaif.wire import limits
from morlaif.wire.errors import WireError, malformed
from morlaif.wire.fields import (
    FIXED64,
    bytes_field,
    content_of,
    cut,
    message_field,
    number_field,
    number_of,
    read_fields,
    text_of,
    varint,
)
from morlaif.wire.limits import Settings

_SETTING_FIELDS = tuple(enumerate((item.name for item in fields(Settings)), start=5))
_DEFAULTS = Settings()
_KEY = re.compile(rb"[a-z0-9._-]{1,64}\Z")


def _code(kind: int, value: int | bytes) -> StatusCode:
    return StatusCode.of(number_of(kind, value, "code"))


@dataclass(slots=True)
class Hello:
    """First frame of each side: what it speaks and what it will receive (W10 to W13)."""

    version_min: int = limits.VERSION
    version_max: int = limits.VERSION
    features: list[str] = field(default_factory=list)
    agent: str = ""
    settings: Settings = field(default_factory=Settings)

    @classmethod
    def decode(cls, data: bytes) -> Hello:
        """Reads and checks a payload (W7, W11, W13)."""
        hello = cls(version_min=0, version_max=0)
        names = dict(_SETTING_FIELDS)
        for number, kind, value in read_fields(data):
            if number == 1:
                hello.version_min = number_of(kind, value, "version_min") & 0xFFFFFFFF
            elif number == 2:
                hello.version_max = number_of(kind, value, "version_max") & 0xFFFFFFFF
            elif number == 3:
                hello.features.append(text_of(kind, value, "features", is_identifier=True))
            elif number == 4:
                hello.agent = text_of(kind, value, "agent", is_identifier=True)
            elif number in names:
                # W13: 0 stands for the default. protobuf truncates a uint32 that was sent wider.
                announced = number_of(kind, value, names[number]) & 0xFFFFFFFF
                announced = announced or getattr(_DEFAULTS, names[number])
                setattr(hello.settings, names[number], announced)
        hello._check()
        return hello

    def _check(self) -> None:
        if not 1 <= self.version_min <= self.version_max:
            raise WireError(
                11, f"versions {self.version_min} to {self.version_max} are not a range from 1"
            )
        if (
            len(self.features) > limits.FEATURES_MAX
            or any(len(f.encode()) > limits.FEATURE_BYTES_MAX for f in self.features)
            or len(self.agent.encode()) > limits.AGENT_BYTES_MAX
        ):
            raise WireError(13, "features or agent above their limits")
        if invalid := self.settings.first_invalid():
            raise WireError(13, invalid)

    def encode(self) -> bytes:
        """The payload."""
        parts = [number_field(1, self.version_min), number_field(2, self.version_max)]
        parts += [bytes_field(3, name.encode()) for name in self.features]
        parts.append(bytes_field(4, cut(self.agent, limits.AGENT_BYTES_MAX)))
        for number, name in _SETTING_FIELDS:
            value = getattr(self.settings, name)
            if value != getattr(_DEFAULTS, name):
                parts.append(number_field(number, value))
        return b"".join(parts)


def _read_entry(kind: int, value: int | bytes) -> tuple[str, str]:
    key = text = ""
    for number, kind, part in read_fields(content_of(kind, value, "metadata")):
        if number == 1:
            key = text_of(kind, part, "metadata key", is_identifier=True)
        elif number == 2:
            text = text_of(kind, part, "metadata value")
    return key, text


def _encode_metadata(metadata: Metadata) -> bytes:
    return b"".join(
        message_field(3, bytes_field(1, key.encode()) + bytes_field(2, value.encode()))
        for key, value in metadata
    )


def metadata_refusal(metadata: Metadata, bytes_max: int) -> EndStatus | None:
    """What refuses these entries (W25), or None when all is well."""
    if not metadata:
        return None
    if len(metadata) > limits.METADATA_ENTRIES_MAX:
        return EndStatus(
            StatusCode.RESOURCE_EXHAUSTED,
            f"{len(metadata)} metadata entries, at most {limits.METADATA_ENTRIES_MAX}",
        )
    try:
        encoded = [(key.encode(), value.encode()) for key, value in metadata]
    except UnicodeEncodeError:
        return EndStatus(StatusCode.INVALID_ARGUMENT, "metadata that is not UTF-8")
    cost = sum(
        len(key) + len(value) + limits.METADATA_ENTRY_OVERHEAD_BYTES for key, value in encoded
    )
    if cost > bytes_max:
        return EndStatus(
            StatusCode.RESOURCE_EXHAUSTED, f"metadata counts {cost} bytes, at most {bytes_max}"
        )
    for key, _ in encoded:
        fault = None
        if not _KEY.match(key):
            fault = "is not 1 to 64 of a-z 0-9 . _ -"
        elif key.startswith(limits.RESERVED_KEY_PREFIX):
            fault = "begins with morlaif-, which is reserved"
        if fault is not None:
            shown = key[:64].decode("utf-8", "ignore")
            return EndStatus(StatusCode.INVALID_ARGUMENT, f'metadata key "{shown}" {fault}')
    return None


@dataclass(slots=True)
class CallHeader:
    """Opens a call: method, time left and metadata (W24, W25)."""

    method: str
    timeout_us: int = 0
    """Time left in microseconds; 0 means none."""
    metadata: Metadata = ()

    @classmethod
    def decode(cls, data: bytes) -> CallHeader:
        """Reads the header block of a CALL (W7, W24, W26)."""
        method, timeout, metadata = "", 0, []
        for number, kind, value in read_fields(data):
            if number == 1:
                method = text_of(kind, value, "method", is_identifier=True)
            elif number == 2:
                timeout = number_of(kind, value, "timeout_us")
            elif number == 3:
                metadata.append(_read_entry(kind, value))
        if (size := len(method.encode())) > limits.METHOD_BYTES_MAX:
            raise WireError(
                26, f"method name of {size} bytes, at most {limits.METHOD_BYTES_MAX}"
            )
        return cls(method, min(timeout, limits.TIMEOUT_MICROSECONDS_MAX), tuple(metadata))

    def encode(self) -> bytes:
        """The header block."""
        return (
            bytes_field(1, self.method.encode())
            + number_field(2, min(self.timeout_us, limits.TIMEOUT_MICROSECONDS_MAX))
            + _encode_metadata(self.metadata)
        )


@dataclass(slots=True)
class EndStatus:
    """How the server ended a call (W18, W38); the defaults are OK."""

    code: StatusCode = StatusCode.OK
    message: str = ""
    metadata: Metadata = ()
    unprocessed: bool = False

    @classmethod
    def decode(cls, data: bytes) -> EndStatus:
        """Reads the header block of a STATUS (W7); a code above 16 is named in the text."""
        status = cls()
        metadata: list[tuple[str, str]] = []
        unknown: int | None = None
        for number, kind, value in read_fields(data):
            if number == 1:
                status.code = _code(kind, value)
                number_sent = number_of(kind, value, "code")
                unknown = number_sent if status.code != number_sent else None
            elif number == 2:
                status.message = text_of(kind, value, "message")
            elif number == 3:
                metadata.append(_read_entry(kind, value))
            elif number == 4:
                status.unprocessed = number_of(kind, value, "unprocessed") != 0
        status.metadata = tuple(metadata)
        if unknown is not None:
            status.message = f"code {unknown}: {status.message}"
        return status

    def encode(self) -> bytes:
        """The header block, with its text cut to the limit (W26)."""
        return (
            number_field(1, self.code)
            + bytes_field(2, cut(self.message, limits.REASON_BYTES_MAX))
            + _encode_metadata(self.metadata)
            + number_field(4, int(self.unprocessed))
        )

    def error(self) -> RPCError:
        """What the caller gets to see."""
        return RPCError(self.code, self.message, self.metadata, self.unprocessed)


@dataclass(slots=True)
class Cancel:
    """The client abandons a call (W19)."""

    code: StatusCode = StatusCode.CANCELLED
    reason: str = ""

    @classmethod
    def decode(cls, data: bytes) -> Cancel:
        """Reads a payload (W7)."""
        cancel = cls(StatusCode.OK)
        for number, kind, value in read_fields(data):
            if number == 1:
                cancel.code = _code(kind, value)
            elif number == 2:
                cancel.reason = text_of(kind, value, "reason")
        return cancel

    def encode(self) -> bytes:
        """The payload."""
        return number_field(1, self.code) + bytes_field(
            2, cut(self.reason, limits.REASON_BYTES_MAX)
        )


@dataclass(slots=True)
class GoAway:
    """No new calls are taken, or why the connection is being closed (W36, W37)."""

    last_call_id: int = 0
    """Highest call id that the server has taken; 0 from a client."""
    code: StatusCode = StatusCode.OK
    reason: str = ""

    @classmethod
    def decode(cls, data: bytes) -> GoAway:
        """Reads a payload (W7)."""
        away = cls()
        for number, kind, value in read_fields(data):
            if number == 1:
                away.last_call_id = number_of(kind, value, "last_call_id")
            elif number == 2:
                away.code = _code(kind, value)
            elif number == 3:
                away.reason = text_of(kind, value, "reason")
        return away

    def encode(self) -> bytes:
        """The payload."""
        return (
            number_field(1, self.last_call_id)
            + number_field(2, self.code)
            + bytes_field(3, cut(self.reason, limits.REASON_BYTES_MAX))
        )


def decode_window(data: bytes) -> int:
    """The credit of a WINDOW in bytes (W29)."""
    credit = 0
    for number, kind, value in read_fields(data):
        if number == 1:
            credit = number_of(kind, value, "credit_bytes")
    if not 1 <= credit <= limits.WINDOW_BYTES_MAX:
        raise WireError(29, f"credit of {credit} bytes")
    return credit


def decode_ping(data: bytes) -> int:
    """The opaque value of a PING or PONG (W33)."""
    opaque = 0
    for number, kind, value in read_fields(data):
        if number == 1:
            if kind != FIXED64:
                raise malformed("opaque has the wrong type")
            opaque = value  # type: ignore[assignment]
    return opaque


def encode_ping(opaque: int) -> bytes:
    """The payload of a PING or PONG."""
    return varint(1 << 3 | FIXED64) + opaque.to_bytes(8, "little") if opaque else b""

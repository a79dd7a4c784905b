from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
STATUS_CODE_ABORTED: StatusCode
STATUS_CODE_ALREADY_EXISTS: StatusCode
STATUS_CODE_CANCELLED: StatusCode
STATUS_CODE_DATA_LOSS: StatusCode
STATUS_CODE_DEADLINE_EXCEEDED: StatusCode
STATUS_CODE_FAILED_PRECONDITION: StatusCode
STATUS_CODE_INTERNAL: StatusCode
STATUS_CODE_INVALID_ARGUMENT: StatusCode
STATUS_CODE_NOT_FOUND: StatusCode
STATUS_CODE_OK: StatusCode
STATUS_CODE_OUT_OF_RANGE: StatusCode
STATUS_CODE_PERMISSION_DENIED: StatusCode
STATUS_CODE_RESOURCE_EXHAUSTED: StatusCode
STATUS_CODE_UNAUTHENTICATED: StatusCode
STATUS_CODE_UNAVAILABLE: StatusCode
STATUS_CODE_UNIMPLEMENTED: StatusCode
STATUS_CODE_UNKNOWN: StatusCode

class CallHeader(_message.Message):
    __slots__ = ["metadata", "method", "timeout_us"]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_US_FIELD_NUMBER: _ClassVar[int]
    metadata: _containers.RepeatedCompositeFieldContainer[MetadataEntry]
    method: str
    timeout_us: int
    def __init__(self, method: _Optional[str] = ..., timeout_us: _Optional[int] = ..., metadata: _Optional[_Iterable[_Union[MetadataEntry, _Mapping]]] = ...) -> None: ...

class Cancel(_message.Message):
    __slots__ = ["code", "reason_utf8"]
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_UTF8_FIELD_NUMBER: _ClassVar[int]
    code: StatusCode
    reason_utf8: bytes
    def __init__(self, code: _Optional[_Union[StatusCode, str]] = ..., reason_utf8: _Optional[bytes] = ...) -> None: ...

class EndStatus(_message.Message):
    __slots__ = ["code", "message_utf8", "metadata", "unprocessed"]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_UTF8_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    UNPROCESSED_FIELD_NUMBER: _ClassVar[int]
    code: StatusCode
    message_utf8: bytes
    metadata: _containers.RepeatedCompositeFieldContainer[MetadataEntry]
    unprocessed: bool
    def __init__(self, code: _Optional[_Union[StatusCode, str]] = ..., message_utf8: _Optional[bytes] = ..., metadata: _Optional[_Iterable[_Union[MetadataEntry, _Mapping]]] = ..., unprocessed: bool = ...) -> None: ...

class GoAway(_message.Message):
    __slots__ = ["code", "last_call_id", "reason_utf8"]
    CODE_FIELD_NUMBER: _ClassVar[int]
    LAST_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_UTF8_FIELD_NUMBER: _ClassVar[int]
    code: StatusCode
    last_call_id: int
    reason_utf8: bytes
    def __init__(self, last_call_id: _Optional[int] = ..., code: _Optional[_Union[StatusCode, str]] = ..., reason_utf8: _Optional[bytes] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ["agent", "call_window_bytes", "calls_max", "connection_window_bytes", "features", "frame_payload_bytes_max", "message_bytes_max", "metadata_bytes_max", "version_max", "version_min"]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    CALLS_MAX_FIELD_NUMBER: _ClassVar[int]
    CALL_WINDOW_BYTES_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_WINDOW_BYTES_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    FRAME_PAYLOAD_BYTES_MAX_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_BYTES_MAX_FIELD_NUMBER: _ClassVar[int]
    METADATA_BYTES_MAX_FIELD_NUMBER: _ClassVar[int]
    VERSION_MAX_FIELD_NUMBER: _ClassVar[int]
    VERSION_MIN_FIELD_NUMBER: _ClassVar[int]
    agent: str
    call_window_bytes: int
    calls_max: int
    connection_window_bytes: int
    features: _containers.RepeatedScalarFieldContainer[str]
    frame_payload_bytes_max: int
    message_bytes_max: int
    metadata_bytes_max: int
    version_max: int
    version_min: int
    def __init__(self, version_min: _Optional[int] = ..., version_max: _Optional[int] = ..., features: _Optional[_Iterable[str]] = ..., agent: _Optional[str] = ..., frame_payload_bytes_max: _Optional[int] = ..., message_bytes_max: _Optional[int] = ..., metadata_bytes_max: _Optional[int] = ..., calls_max: _Optional[int] = ..., call_window_bytes: _Optional[int] = ..., connection_window_bytes: _Optional[int] = ...) -> None: ...

class MetadataEntry(_message.Message):
    __slots__ = ["key", "value_utf8"]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_UTF8_FIELD_NUMBER: _ClassVar[int]
    key: str
    value_utf8: bytes
    def __init__(self, key: _Optional[str] = ..., value_utf8: _Optional[bytes] = ...) -> None: ...

class Ping(_message.Message):
    __slots__ = ["opaque"]
    OPAQUE_FIELD_NUMBER: _ClassVar[int]
    opaque: int
    def __init__(self, opaque: _Optional[int] = ...) -> None: ...

class Window(_message.Message):
    __slots__ = ["credit_bytes"]
    CREDIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    credit_bytes: int
    def __init__(self, credit_bytes: _Optional[int] = ...) -> None: ...

class StatusCode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
SERVING_STATUS_NOT_SERVING: ServingStatus
SERVING_STATUS_SERVING: ServingStatus
SERVING_STATUS_STARTING: ServingStatus
SERVING_STATUS_UNSPECIFIED: ServingStatus

class HealthReply(_message.Message):
    __slots__ = ["detail_utf8", "status", "uptime_seconds"]
    DETAIL_UTF8_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    UPTIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    detail_utf8: bytes
    status: ServingStatus
    uptime_seconds: float
    def __init__(self, status: _Optional[_Union[ServingStatus, str]] = ..., detail_utf8: _Optional[bytes] = ..., uptime_seconds: _Optional[float] = ...) -> None: ...

class HealthRequest(_message.Message):
    __slots__ = ["service"]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    service: str
    def __init__(self, service: _Optional[str] = ...) -> None: ...

class ServingStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

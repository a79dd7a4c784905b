from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
METHOD_KIND_BIDIRECTIONAL: MethodKind
METHOD_KIND_CLIENT_STREAMING: MethodKind
METHOD_KIND_SERVER_STREAMING: MethodKind
METHOD_KIND_UNARY: MethodKind
METHOD_KIND_UNSPECIFIED: MethodKind

class DescribeReply(_message.Message):
    __slots__ = ["services"]
    SERVICES_FIELD_NUMBER: _ClassVar[int]
    services: _containers.RepeatedCompositeFieldContainer[ServiceDescription]
    def __init__(self, services: _Optional[_Iterable[_Union[ServiceDescription, _Mapping]]] = ...) -> None: ...

class DescribeRequest(_message.Message):
    __slots__ = ["service"]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    service: str
    def __init__(self, service: _Optional[str] = ...) -> None: ...

class MethodDescription(_message.Message):
    __slots__ = ["is_idempotent", "kind", "name", "reply_type", "request_type"]
    IS_IDEMPOTENT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REPLY_TYPE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_TYPE_FIELD_NUMBER: _ClassVar[int]
    is_idempotent: bool
    kind: MethodKind
    name: str
    reply_type: str
    request_type: str
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[MethodKind, str]] = ..., request_type: _Optional[str] = ..., reply_type: _Optional[str] = ..., is_idempotent: bool = ...) -> None: ...

class ServiceDescription(_message.Message):
    __slots__ = ["descriptor_set", "methods", "name"]
    DESCRIPTOR_SET_FIELD_NUMBER: _ClassVar[int]
    METHODS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    descriptor_set: bytes
    methods: _containers.RepeatedCompositeFieldContainer[MethodDescription]
    name: str
    def __init__(self, name: _Optional[str] = ..., methods: _Optional[_Iterable[_Union[MethodDescription, _Mapping]]] = ..., descriptor_set: _Optional[bytes] = ...) -> None: ...

class MethodKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

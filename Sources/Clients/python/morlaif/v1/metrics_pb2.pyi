from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
METRIC_KIND_COUNTER: MetricKind
METRIC_KIND_GAUGE: MetricKind
METRIC_KIND_HISTOGRAM: MetricKind
METRIC_KIND_UNSPECIFIED: MetricKind

class MetricLabel(_message.Message):
    __slots__ = ["name", "value_utf8"]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_UTF8_FIELD_NUMBER: _ClassVar[int]
    name: str
    value_utf8: bytes
    def __init__(self, name: _Optional[str] = ..., value_utf8: _Optional[bytes] = ...) -> None: ...

class MetricSample(_message.Message):
    __slots__ = ["kind", "labels", "name", "unit", "value"]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    kind: MetricKind
    labels: _containers.RepeatedCompositeFieldContainer[MetricLabel]
    name: str
    unit: str
    value: float
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ..., labels: _Optional[_Iterable[_Union[MetricLabel, _Mapping]]] = ..., kind: _Optional[_Union[MetricKind, str]] = ..., unit: _Optional[str] = ...) -> None: ...

class MetricsSnapshotReply(_message.Message):
    __slots__ = ["samples"]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    samples: _containers.RepeatedCompositeFieldContainer[MetricSample]
    def __init__(self, samples: _Optional[_Iterable[_Union[MetricSample, _Mapping]]] = ...) -> None: ...

class MetricsSnapshotRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class MetricKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

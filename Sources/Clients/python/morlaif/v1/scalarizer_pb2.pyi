from morlaif.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
NASH_LINK_SIGMOID: NashLink
NASH_LINK_SOFTPLUS: NashLink
NASH_LINK_UNSPECIFIED: NashLink
SCALARIZATION_METHOD_LINEAR: ScalarizationMethod
SCALARIZATION_METHOD_LOWER_QUANTILE: ScalarizationMethod
SCALARIZATION_METHOD_MAXMIN: ScalarizationMethod
SCALARIZATION_METHOD_MEDIAN: ScalarizationMethod
SCALARIZATION_METHOD_NASH: ScalarizationMethod
SCALARIZATION_METHOD_SOFTMIN_BOLTZMANN: ScalarizationMethod
SCALARIZATION_METHOD_SOFTMIN_LSE: ScalarizationMethod
SCALARIZATION_METHOD_UNCERTAINTY_WEIGHTED: ScalarizationMethod
SCALARIZATION_METHOD_UNSPECIFIED: ScalarizationMethod

class ConfigurationVersion(_message.Message):
    __slots__ = ["comment_utf8", "configuration_hash", "configuration_version", "created_at"]
    COMMENT_UTF8_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_HASH_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    comment_utf8: bytes
    configuration_hash: str
    configuration_version: int
    created_at: int
    def __init__(self, configuration_version: _Optional[int] = ..., configuration_hash: _Optional[str] = ..., created_at: _Optional[int] = ..., comment_utf8: _Optional[bytes] = ...) -> None: ...

class ConfigureReply(_message.Message):
    __slots__ = ["configuration_hash", "configuration_version"]
    CONFIGURATION_HASH_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    configuration_hash: str
    configuration_version: int
    def __init__(self, configuration_version: _Optional[int] = ..., configuration_hash: _Optional[str] = ...) -> None: ...

class ConfigureRequest(_message.Message):
    __slots__ = ["comment_utf8", "configuration", "expected_version"]
    COMMENT_UTF8_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    comment_utf8: bytes
    configuration: ScalarizationConfiguration
    expected_version: int
    def __init__(self, configuration: _Optional[_Union[ScalarizationConfiguration, _Mapping]] = ..., expected_version: _Optional[int] = ..., comment_utf8: _Optional[bytes] = ...) -> None: ...

class DescribeConfigurationReply(_message.Message):
    __slots__ = ["configuration", "configuration_hash", "configuration_version", "history"]
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_HASH_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    configuration: ScalarizationConfiguration
    configuration_hash: str
    configuration_version: int
    history: _containers.RepeatedCompositeFieldContainer[ConfigurationVersion]
    def __init__(self, configuration: _Optional[_Union[ScalarizationConfiguration, _Mapping]] = ..., configuration_version: _Optional[int] = ..., configuration_hash: _Optional[str] = ..., history: _Optional[_Iterable[_Union[ConfigurationVersion, _Mapping]]] = ...) -> None: ...

class DescribeConfigurationRequest(_message.Message):
    __slots__ = ["configuration_version"]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    configuration_version: int
    def __init__(self, configuration_version: _Optional[int] = ...) -> None: ...

class FitWeightsReply(_message.Message):
    __slots__ = ["accuracy", "weights"]
    ACCURACY_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    accuracy: float
    weights: _containers.RepeatedCompositeFieldContainer[PrincipleWeight]
    def __init__(self, weights: _Optional[_Iterable[_Union[PrincipleWeight, _Mapping]]] = ..., accuracy: _Optional[float] = ...) -> None: ...

class FitWeightsRequest(_message.Message):
    __slots__ = ["chosen", "rejected"]
    CHOSEN_FIELD_NUMBER: _ClassVar[int]
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    chosen: _common_pb2.ScoreMatrix
    rejected: _common_pb2.ScoreMatrix
    def __init__(self, chosen: _Optional[_Union[_common_pb2.ScoreMatrix, _Mapping]] = ..., rejected: _Optional[_Union[_common_pb2.ScoreMatrix, _Mapping]] = ...) -> None: ...

class Normaliser(_message.Message):
    __slots__ = ["mean", "standard_deviation"]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    STANDARD_DEVIATION_FIELD_NUMBER: _ClassVar[int]
    mean: float
    standard_deviation: float
    def __init__(self, mean: _Optional[float] = ..., standard_deviation: _Optional[float] = ...) -> None: ...

class PrincipleWeight(_message.Message):
    __slots__ = ["normaliser", "principle_id", "weight"]
    NORMALISER_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_ID_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    normaliser: Normaliser
    principle_id: str
    weight: float
    def __init__(self, principle_id: _Optional[str] = ..., weight: _Optional[float] = ..., normaliser: _Optional[_Union[Normaliser, _Mapping]] = ...) -> None: ...

class ScalarizationConfiguration(_message.Message):
    __slots__ = ["method", "nash_link", "quantile", "tau", "variance_penalty", "weights"]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    NASH_LINK_FIELD_NUMBER: _ClassVar[int]
    QUANTILE_FIELD_NUMBER: _ClassVar[int]
    TAU_FIELD_NUMBER: _ClassVar[int]
    VARIANCE_PENALTY_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    method: ScalarizationMethod
    nash_link: NashLink
    quantile: float
    tau: float
    variance_penalty: VariancePenalty
    weights: _containers.RepeatedCompositeFieldContainer[PrincipleWeight]
    def __init__(self, method: _Optional[_Union[ScalarizationMethod, str]] = ..., weights: _Optional[_Iterable[_Union[PrincipleWeight, _Mapping]]] = ..., tau: _Optional[float] = ..., variance_penalty: _Optional[_Union[VariancePenalty, _Mapping]] = ..., quantile: _Optional[float] = ..., nash_link: _Optional[_Union[NashLink, str]] = ...) -> None: ...

class ScalarizeReply(_message.Message):
    __slots__ = ["configuration_hash", "configuration_version", "contributions", "rewards"]
    CONFIGURATION_HASH_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTIONS_FIELD_NUMBER: _ClassVar[int]
    REWARDS_FIELD_NUMBER: _ClassVar[int]
    configuration_hash: str
    configuration_version: int
    contributions: _containers.RepeatedScalarFieldContainer[float]
    rewards: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, rewards: _Optional[_Iterable[float]] = ..., contributions: _Optional[_Iterable[float]] = ..., configuration_version: _Optional[int] = ..., configuration_hash: _Optional[str] = ...) -> None: ...

class ScalarizeRequest(_message.Message):
    __slots__ = ["configuration_version", "scores", "sources"]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    configuration_version: int
    scores: _common_pb2.ScoreMatrix
    sources: _containers.RepeatedCompositeFieldContainer[_common_pb2.ScoreSource]
    def __init__(self, scores: _Optional[_Union[_common_pb2.ScoreMatrix, _Mapping]] = ..., sources: _Optional[_Iterable[_Union[_common_pb2.ScoreSource, _Mapping]]] = ..., configuration_version: _Optional[int] = ...) -> None: ...

class VariancePenalty(_message.Message):
    __slots__ = []
    LAMBDA_FIELD_NUMBER: _ClassVar[int]
    def __init__(self, **kwargs) -> None: ...

class ScalarizationMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class NashLink(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

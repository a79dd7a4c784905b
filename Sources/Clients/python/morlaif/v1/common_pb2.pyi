from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FileChunk(_message.Message):
    __slots__ = ["data", "last", "offset", "path_utf8"]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    PATH_UTF8_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    last: bool
    offset: int
    path_utf8: bytes
    def __init__(self, path_utf8: _Optional[bytes] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., last: bool = ...) -> None: ...

class Label(_message.Message):
    __slots__ = ["judge_id", "judge_version", "margin", "measures", "order_consistent", "p_a", "pair_id", "principle_id", "tie"]
    JUDGE_ID_FIELD_NUMBER: _ClassVar[int]
    JUDGE_VERSION_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    MEASURES_FIELD_NUMBER: _ClassVar[int]
    ORDER_CONSISTENT_FIELD_NUMBER: _ClassVar[int]
    PAIR_ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_ID_FIELD_NUMBER: _ClassVar[int]
    P_A_FIELD_NUMBER: _ClassVar[int]
    TIE_FIELD_NUMBER: _ClassVar[int]
    judge_id: str
    judge_version: str
    margin: float
    measures: Measures
    order_consistent: bool
    p_a: float
    pair_id: str
    principle_id: str
    tie: bool
    def __init__(self, pair_id: _Optional[str] = ..., principle_id: _Optional[str] = ..., p_a: _Optional[float] = ..., margin: _Optional[float] = ..., order_consistent: bool = ..., tie: bool = ..., judge_id: _Optional[str] = ..., judge_version: _Optional[str] = ..., measures: _Optional[_Union[Measures, _Mapping]] = ...) -> None: ...

class Measures(_message.Message):
    __slots__ = ["a", "b"]
    A_FIELD_NUMBER: _ClassVar[int]
    B_FIELD_NUMBER: _ClassVar[int]
    a: float
    b: float
    def __init__(self, a: _Optional[float] = ..., b: _Optional[float] = ...) -> None: ...

class PreferencePair(_message.Message):
    __slots__ = ["id", "prompt_utf8", "response_a_utf8", "response_b_utf8", "source"]
    ID_FIELD_NUMBER: _ClassVar[int]
    PROMPT_UTF8_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_A_UTF8_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_B_UTF8_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    id: str
    prompt_utf8: bytes
    response_a_utf8: bytes
    response_b_utf8: bytes
    source: str
    def __init__(self, id: _Optional[str] = ..., prompt_utf8: _Optional[bytes] = ..., response_a_utf8: _Optional[bytes] = ..., response_b_utf8: _Optional[bytes] = ..., source: _Optional[str] = ...) -> None: ...

class Principle(_message.Message):
    __slots__ = ["id", "negative_text_utf8", "text_utf8"]
    ID_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_TEXT_UTF8_FIELD_NUMBER: _ClassVar[int]
    TEXT_UTF8_FIELD_NUMBER: _ClassVar[int]
    id: str
    negative_text_utf8: bytes
    text_utf8: bytes
    def __init__(self, id: _Optional[str] = ..., text_utf8: _Optional[bytes] = ..., negative_text_utf8: _Optional[bytes] = ...) -> None: ...

class ScoreMatrix(_message.Message):
    __slots__ = ["item_ids", "principle_ids", "values"]
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_IDS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    principle_ids: _containers.RepeatedScalarFieldContainer[str]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, principle_ids: _Optional[_Iterable[str]] = ..., item_ids: _Optional[_Iterable[str]] = ..., values: _Optional[_Iterable[float]] = ...) -> None: ...

class ScoreSource(_message.Message):
    __slots__ = ["adapter_id", "mean", "model_id", "principle_id", "standard_deviation", "weight_hash"]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_ID_FIELD_NUMBER: _ClassVar[int]
    STANDARD_DEVIATION_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_HASH_FIELD_NUMBER: _ClassVar[int]
    adapter_id: str
    mean: float
    model_id: str
    principle_id: str
    standard_deviation: float
    weight_hash: str
    def __init__(self, principle_id: _Optional[str] = ..., model_id: _Optional[str] = ..., adapter_id: _Optional[str] = ..., weight_hash: _Optional[str] = ..., mean: _Optional[float] = ..., standard_deviation: _Optional[float] = ...) -> None: ...

class TextItem(_message.Message):
    __slots__ = ["id", "prompt_utf8", "response_utf8"]
    ID_FIELD_NUMBER: _ClassVar[int]
    PROMPT_UTF8_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_UTF8_FIELD_NUMBER: _ClassVar[int]
    id: str
    prompt_utf8: bytes
    response_utf8: bytes
    def __init__(self, id: _Optional[str] = ..., prompt_utf8: _Optional[bytes] = ..., response_utf8: _Optional[bytes] = ...) -> None: ...

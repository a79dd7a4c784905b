from morlaif.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BudgetState(_message.Message):
    __slots__ = ["judge_id", "max_cost", "max_requests", "requests", "reserved", "spent"]
    JUDGE_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_COST_FIELD_NUMBER: _ClassVar[int]
    MAX_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    SPENT_FIELD_NUMBER: _ClassVar[int]
    judge_id: str
    max_cost: float
    max_requests: int
    requests: int
    reserved: float
    spent: float
    def __init__(self, judge_id: _Optional[str] = ..., max_cost: _Optional[float] = ..., spent: _Optional[float] = ..., reserved: _Optional[float] = ..., max_requests: _Optional[int] = ..., requests: _Optional[int] = ...) -> None: ...

class EstimateReply(_message.Message):
    __slots__ = ["earlier_requests", "expected_completion_tokens", "expected_cost", "expected_prompt_tokens", "has_price", "judgements", "known", "most_completion_tokens", "most_cost", "most_prompt_tokens", "pairs", "questions", "requests", "seconds"]
    EARLIER_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_COST_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    HAS_PRICE_FIELD_NUMBER: _ClassVar[int]
    JUDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    MOST_COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MOST_COST_FIELD_NUMBER: _ClassVar[int]
    MOST_PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    earlier_requests: int
    expected_completion_tokens: int
    expected_cost: float
    expected_prompt_tokens: int
    has_price: bool
    judgements: int
    known: int
    most_completion_tokens: int
    most_cost: float
    most_prompt_tokens: int
    pairs: int
    questions: int
    requests: int
    seconds: float
    def __init__(self, pairs: _Optional[int] = ..., judgements: _Optional[int] = ..., questions: _Optional[int] = ..., known: _Optional[int] = ..., requests: _Optional[int] = ..., expected_prompt_tokens: _Optional[int] = ..., expected_completion_tokens: _Optional[int] = ..., expected_cost: _Optional[float] = ..., most_prompt_tokens: _Optional[int] = ..., most_completion_tokens: _Optional[int] = ..., most_cost: _Optional[float] = ..., seconds: _Optional[float] = ..., earlier_requests: _Optional[int] = ..., has_price: bool = ...) -> None: ...

class ExportReply(_message.Message):
    __slots__ = ["labels", "pair"]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    PAIR_FIELD_NUMBER: _ClassVar[int]
    labels: _containers.RepeatedCompositeFieldContainer[_common_pb2.Label]
    pair: _common_pb2.PreferencePair
    def __init__(self, pair: _Optional[_Union[_common_pb2.PreferencePair, _Mapping]] = ..., labels: _Optional[_Iterable[_Union[_common_pb2.Label, _Mapping]]] = ...) -> None: ...

class ExportRequest(_message.Message):
    __slots__ = ["dataset_id", "principle_ids"]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_IDS_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    principle_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset_id: _Optional[str] = ..., principle_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ImportReply(_message.Message):
    __slots__ = ["already_known", "stored"]
    ALREADY_KNOWN_FIELD_NUMBER: _ClassVar[int]
    STORED_FIELD_NUMBER: _ClassVar[int]
    already_known: int
    stored: int
    def __init__(self, stored: _Optional[int] = ..., already_known: _Optional[int] = ...) -> None: ...

class ImportRequest(_message.Message):
    __slots__ = ["dataset_id", "preference"]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    PREFERENCE_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    preference: ImportedPreference
    def __init__(self, dataset_id: _Optional[str] = ..., preference: _Optional[_Union[ImportedPreference, _Mapping]] = ...) -> None: ...

class ImportedPreference(_message.Message):
    __slots__ = ["label", "pair"]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PAIR_FIELD_NUMBER: _ClassVar[int]
    label: _common_pb2.Label
    pair: _common_pb2.PreferencePair
    def __init__(self, pair: _Optional[_Union[_common_pb2.PreferencePair, _Mapping]] = ..., label: _Optional[_Union[_common_pb2.Label, _Mapping]] = ...) -> None: ...

class LabelFailure(_message.Message):
    __slots__ = ["pair_id", "principle_id", "reason_utf8"]
    PAIR_ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_UTF8_FIELD_NUMBER: _ClassVar[int]
    pair_id: str
    principle_id: str
    reason_utf8: bytes
    def __init__(self, pair_id: _Optional[str] = ..., principle_id: _Optional[str] = ..., reason_utf8: _Optional[bytes] = ...) -> None: ...

class LabelReply(_message.Message):
    __slots__ = ["failure", "label"]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    failure: LabelFailure
    label: _common_pb2.Label
    def __init__(self, label: _Optional[_Union[_common_pb2.Label, _Mapping]] = ..., failure: _Optional[_Union[LabelFailure, _Mapping]] = ...) -> None: ...

class LabelRequest(_message.Message):
    __slots__ = ["pair", "settings"]
    PAIR_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    pair: _common_pb2.PreferencePair
    settings: LabelSettings
    def __init__(self, settings: _Optional[_Union[LabelSettings, _Mapping]] = ..., pair: _Optional[_Union[_common_pb2.PreferencePair, _Mapping]] = ...) -> None: ...

class LabelSettings(_message.Message):
    __slots__ = ["dataset_id", "judge_id", "max_cost", "max_requests", "principle_ids", "run_id"]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    JUDGE_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_COST_FIELD_NUMBER: _ClassVar[int]
    MAX_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_IDS_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    judge_id: str
    max_cost: float
    max_requests: int
    principle_ids: _containers.RepeatedScalarFieldContainer[str]
    run_id: str
    def __init__(self, dataset_id: _Optional[str] = ..., principle_ids: _Optional[_Iterable[str]] = ..., judge_id: _Optional[str] = ..., run_id: _Optional[str] = ..., max_cost: _Optional[float] = ..., max_requests: _Optional[int] = ...) -> None: ...

class ListPrinciplesReply(_message.Message):
    __slots__ = ["judge_ids", "principles"]
    JUDGE_IDS_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLES_FIELD_NUMBER: _ClassVar[int]
    judge_ids: _containers.RepeatedScalarFieldContainer[str]
    principles: _containers.RepeatedCompositeFieldContainer[_common_pb2.Principle]
    def __init__(self, principles: _Optional[_Iterable[_Union[_common_pb2.Principle, _Mapping]]] = ..., judge_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListPrinciplesRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class MeasureReply(_message.Message):
    __slots__ = ["judge_id", "judge_version", "measures"]
    JUDGE_ID_FIELD_NUMBER: _ClassVar[int]
    JUDGE_VERSION_FIELD_NUMBER: _ClassVar[int]
    MEASURES_FIELD_NUMBER: _ClassVar[int]
    judge_id: str
    judge_version: str
    measures: _common_pb2.ScoreMatrix
    def __init__(self, measures: _Optional[_Union[_common_pb2.ScoreMatrix, _Mapping]] = ..., judge_id: _Optional[str] = ..., judge_version: _Optional[str] = ...) -> None: ...

class MeasureRequest(_message.Message):
    __slots__ = ["items", "judge_id", "principle_ids"]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    JUDGE_ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_IDS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_common_pb2.TextItem]
    judge_id: str
    principle_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, judge_id: _Optional[str] = ..., principle_ids: _Optional[_Iterable[str]] = ..., items: _Optional[_Iterable[_Union[_common_pb2.TextItem, _Mapping]]] = ...) -> None: ...

class PutPrincipleReply(_message.Message):
    __slots__ = ["replaced"]
    REPLACED_FIELD_NUMBER: _ClassVar[int]
    replaced: bool
    def __init__(self, replaced: bool = ...) -> None: ...

class PutPrincipleRequest(_message.Message):
    __slots__ = ["principle"]
    PRINCIPLE_FIELD_NUMBER: _ClassVar[int]
    principle: _common_pb2.Principle
    def __init__(self, principle: _Optional[_Union[_common_pb2.Principle, _Mapping]] = ...) -> None: ...

class UsageEntry(_message.Message):
    __slots__ = ["answered", "cached_prompt_tokens", "completion_tokens", "cost", "judge_id", "principle_id", "prompt_tokens", "requests", "run_id", "uncertain", "uncertain_cost"]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    CACHED_PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    JUDGE_ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_ID_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    UNCERTAIN_COST_FIELD_NUMBER: _ClassVar[int]
    UNCERTAIN_FIELD_NUMBER: _ClassVar[int]
    answered: int
    cached_prompt_tokens: int
    completion_tokens: int
    cost: float
    judge_id: str
    principle_id: str
    prompt_tokens: int
    requests: int
    run_id: str
    uncertain: int
    uncertain_cost: float
    def __init__(self, run_id: _Optional[str] = ..., judge_id: _Optional[str] = ..., principle_id: _Optional[str] = ..., requests: _Optional[int] = ..., answered: _Optional[int] = ..., uncertain: _Optional[int] = ..., prompt_tokens: _Optional[int] = ..., cached_prompt_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., cost: _Optional[float] = ..., uncertain_cost: _Optional[float] = ...) -> None: ...

class UsageReply(_message.Message):
    __slots__ = ["budgets", "entries"]
    BUDGETS_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    budgets: _containers.RepeatedCompositeFieldContainer[BudgetState]
    entries: _containers.RepeatedCompositeFieldContainer[UsageEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[UsageEntry, _Mapping]]] = ..., budgets: _Optional[_Iterable[_Union[BudgetState, _Mapping]]] = ...) -> None: ...

class UsageRequest(_message.Message):
    __slots__ = ["judge_id", "run_id"]
    JUDGE_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    judge_id: str
    run_id: str
    def __init__(self, run_id: _Optional[str] = ..., judge_id: _Optional[str] = ...) -> None: ...

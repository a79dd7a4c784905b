from morlaif.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

BATCH_STATE_COLLECTED: BatchState
BATCH_STATE_FAILED: BatchState
BATCH_STATE_PREPARED: BatchState
BATCH_STATE_SENDING: BatchState
BATCH_STATE_SUBMITTED: BatchState
BATCH_STATE_UNSPECIFIED: BatchState
DESCRIPTOR: _descriptor.FileDescriptor
RESOLUTION_A: Resolution
RESOLUTION_B: Resolution
RESOLUTION_DISCARD: Resolution
RESOLUTION_PENDING: Resolution
RESOLUTION_TIE: Resolution

class Batch(_message.Message):
    __slots__ = ["answered", "attempt", "id", "judge_id", "note_utf8", "remote_id", "requests", "run_id", "state"]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    JUDGE_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_UTF8_FIELD_NUMBER: _ClassVar[int]
    REMOTE_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    answered: int
    attempt: int
    id: int
    judge_id: str
    note_utf8: bytes
    remote_id: str
    requests: int
    run_id: str
    state: BatchState
    def __init__(self, id: _Optional[int] = ..., run_id: _Optional[str] = ..., judge_id: _Optional[str] = ..., state: _Optional[_Union[BatchState, str]] = ..., attempt: _Optional[int] = ..., remote_id: _Optional[str] = ..., requests: _Optional[int] = ..., answered: _Optional[int] = ..., note_utf8: _Optional[bytes] = ...) -> None: ...

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

class ConstitutionSettings(_message.Message):
    __slots__ = ["seed"]
    SEED_FIELD_NUMBER: _ClassVar[int]
    seed: int
    def __init__(self, seed: _Optional[int] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ["deferred_id", "resolution"]
    DEFERRED_ID_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    deferred_id: int
    resolution: Resolution
    def __init__(self, deferred_id: _Optional[int] = ..., resolution: _Optional[_Union[Resolution, str]] = ...) -> None: ...

class DeferralSettings(_message.Message):
    __slots__ = ["confidence_min", "inconsistent"]
    CONFIDENCE_MIN_FIELD_NUMBER: _ClassVar[int]
    INCONSISTENT_FIELD_NUMBER: _ClassVar[int]
    confidence_min: float
    inconsistent: bool
    def __init__(self, confidence_min: _Optional[float] = ..., inconsistent: bool = ...) -> None: ...

class DeferredPair(_message.Message):
    __slots__ = ["annotator", "dataset_id", "id", "label", "pair", "reason_utf8", "resolution"]
    ANNOTATOR_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PAIR_FIELD_NUMBER: _ClassVar[int]
    REASON_UTF8_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    annotator: str
    dataset_id: str
    id: int
    label: _common_pb2.Label
    pair: _common_pb2.PreferencePair
    reason_utf8: bytes
    resolution: Resolution
    def __init__(self, id: _Optional[int] = ..., dataset_id: _Optional[str] = ..., pair: _Optional[_Union[_common_pb2.PreferencePair, _Mapping]] = ..., label: _Optional[_Union[_common_pb2.Label, _Mapping]] = ..., reason_utf8: _Optional[bytes] = ..., resolution: _Optional[_Union[Resolution, str]] = ..., annotator: _Optional[str] = ...) -> None: ...

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

class JudgeAgreement(_message.Message):
    __slots__ = ["agreement", "first_judge_id", "kappa", "pairs", "principle_id", "second_judge_id"]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    FIRST_JUDGE_ID_FIELD_NUMBER: _ClassVar[int]
    KAPPA_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_ID_FIELD_NUMBER: _ClassVar[int]
    SECOND_JUDGE_ID_FIELD_NUMBER: _ClassVar[int]
    agreement: float
    first_judge_id: str
    kappa: float
    pairs: int
    principle_id: str
    second_judge_id: str
    def __init__(self, principle_id: _Optional[str] = ..., first_judge_id: _Optional[str] = ..., second_judge_id: _Optional[str] = ..., pairs: _Optional[int] = ..., agreement: _Optional[float] = ..., kappa: _Optional[float] = ...) -> None: ...

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
    __slots__ = ["deferred", "failure", "label"]
    DEFERRED_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    deferred: DeferredPair
    failure: LabelFailure
    label: _common_pb2.Label
    def __init__(self, label: _Optional[_Union[_common_pb2.Label, _Mapping]] = ..., failure: _Optional[_Union[LabelFailure, _Mapping]] = ..., deferred: _Optional[_Union[DeferredPair, _Mapping]] = ...) -> None: ...

class LabelRequest(_message.Message):
    __slots__ = ["pair", "settings"]
    PAIR_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    pair: _common_pb2.PreferencePair
    settings: LabelSettings
    def __init__(self, settings: _Optional[_Union[LabelSettings, _Mapping]] = ..., pair: _Optional[_Union[_common_pb2.PreferencePair, _Mapping]] = ...) -> None: ...

class LabelSettings(_message.Message):
    __slots__ = ["constitution", "dataset_id", "deferral", "judge_id", "max_cost", "max_requests", "principle_ids", "run_id"]
    CONSTITUTION_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DEFERRAL_FIELD_NUMBER: _ClassVar[int]
    JUDGE_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_COST_FIELD_NUMBER: _ClassVar[int]
    MAX_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_IDS_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    constitution: ConstitutionSettings
    dataset_id: str
    deferral: DeferralSettings
    judge_id: str
    max_cost: float
    max_requests: int
    principle_ids: _containers.RepeatedScalarFieldContainer[str]
    run_id: str
    def __init__(self, dataset_id: _Optional[str] = ..., principle_ids: _Optional[_Iterable[str]] = ..., judge_id: _Optional[str] = ..., run_id: _Optional[str] = ..., max_cost: _Optional[float] = ..., max_requests: _Optional[int] = ..., constitution: _Optional[_Union[ConstitutionSettings, _Mapping]] = ..., deferral: _Optional[_Union[DeferralSettings, _Mapping]] = ...) -> None: ...

class LabelStatistics(_message.Message):
    __slots__ = ["comparable", "consistent", "deferred", "first_place_share", "judge_id", "labels", "longer_preferred", "mean_confidence", "principle_id", "ties"]
    COMPARABLE_FIELD_NUMBER: _ClassVar[int]
    CONSISTENT_FIELD_NUMBER: _ClassVar[int]
    DEFERRED_FIELD_NUMBER: _ClassVar[int]
    FIRST_PLACE_SHARE_FIELD_NUMBER: _ClassVar[int]
    JUDGE_ID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    LONGER_PREFERRED_FIELD_NUMBER: _ClassVar[int]
    MEAN_CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_ID_FIELD_NUMBER: _ClassVar[int]
    TIES_FIELD_NUMBER: _ClassVar[int]
    comparable: int
    consistent: int
    deferred: int
    first_place_share: float
    judge_id: str
    labels: int
    longer_preferred: int
    mean_confidence: float
    principle_id: str
    ties: int
    def __init__(self, principle_id: _Optional[str] = ..., judge_id: _Optional[str] = ..., labels: _Optional[int] = ..., consistent: _Optional[int] = ..., ties: _Optional[int] = ..., comparable: _Optional[int] = ..., longer_preferred: _Optional[int] = ..., mean_confidence: _Optional[float] = ..., first_place_share: _Optional[float] = ..., deferred: _Optional[int] = ...) -> None: ...

class ListBatchesReply(_message.Message):
    __slots__ = ["batches"]
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    batches: _containers.RepeatedCompositeFieldContainer[Batch]
    def __init__(self, batches: _Optional[_Iterable[_Union[Batch, _Mapping]]] = ...) -> None: ...

class ListBatchesRequest(_message.Message):
    __slots__ = ["run_id"]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    def __init__(self, run_id: _Optional[str] = ...) -> None: ...

class ListDeferredReply(_message.Message):
    __slots__ = ["items", "pending"]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[DeferredPair]
    pending: int
    def __init__(self, items: _Optional[_Iterable[_Union[DeferredPair, _Mapping]]] = ..., pending: _Optional[int] = ...) -> None: ...

class ListDeferredRequest(_message.Message):
    __slots__ = ["after_id", "dataset_id", "include_resolved", "limit", "principle_ids"]
    AFTER_ID_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_RESOLVED_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_IDS_FIELD_NUMBER: _ClassVar[int]
    after_id: int
    dataset_id: str
    include_resolved: bool
    limit: int
    principle_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset_id: _Optional[str] = ..., principle_ids: _Optional[_Iterable[str]] = ..., include_resolved: bool = ..., after_id: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

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

class ResolveReply(_message.Message):
    __slots__ = ["resolved"]
    RESOLVED_FIELD_NUMBER: _ClassVar[int]
    resolved: int
    def __init__(self, resolved: _Optional[int] = ...) -> None: ...

class ResolveRequest(_message.Message):
    __slots__ = ["annotator", "decisions"]
    ANNOTATOR_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    annotator: str
    decisions: _containers.RepeatedCompositeFieldContainer[Decision]
    def __init__(self, annotator: _Optional[str] = ..., decisions: _Optional[_Iterable[_Union[Decision, _Mapping]]] = ...) -> None: ...

class StatisticsReply(_message.Message):
    __slots__ = ["agreements", "statistics"]
    AGREEMENTS_FIELD_NUMBER: _ClassVar[int]
    STATISTICS_FIELD_NUMBER: _ClassVar[int]
    agreements: _containers.RepeatedCompositeFieldContainer[JudgeAgreement]
    statistics: _containers.RepeatedCompositeFieldContainer[LabelStatistics]
    def __init__(self, statistics: _Optional[_Iterable[_Union[LabelStatistics, _Mapping]]] = ..., agreements: _Optional[_Iterable[_Union[JudgeAgreement, _Mapping]]] = ...) -> None: ...

class StatisticsRequest(_message.Message):
    __slots__ = ["dataset_id"]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    def __init__(self, dataset_id: _Optional[str] = ...) -> None: ...

class SubmitBatchReply(_message.Message):
    __slots__ = ["known", "pending", "requests"]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    known: int
    pending: int
    requests: int
    def __init__(self, requests: _Optional[int] = ..., pending: _Optional[int] = ..., known: _Optional[int] = ...) -> None: ...

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

class BatchState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class Resolution(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

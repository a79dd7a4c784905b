from morlaif.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EvaluatePreferencesReply(_message.Message):
    __slots__ = ["reports"]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    reports: _containers.RepeatedCompositeFieldContainer[PreferenceModelReport]
    def __init__(self, reports: _Optional[_Iterable[_Union[PreferenceModelReport, _Mapping]]] = ...) -> None: ...

class EvaluatePreferencesRequest(_message.Message):
    __slots__ = ["adapter_id", "dataset_id", "principle_ids"]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_IDS_FIELD_NUMBER: _ClassVar[int]
    adapter_id: str
    dataset_id: str
    principle_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset_id: _Optional[str] = ..., principle_ids: _Optional[_Iterable[str]] = ..., adapter_id: _Optional[str] = ...) -> None: ...

class FetchModelRequest(_message.Message):
    __slots__ = ["adapter_id", "principle_id"]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_ID_FIELD_NUMBER: _ClassVar[int]
    adapter_id: str
    principle_id: str
    def __init__(self, principle_id: _Optional[str] = ..., adapter_id: _Optional[str] = ...) -> None: ...

class ListModelsReply(_message.Message):
    __slots__ = ["models"]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[ModelEntry]
    def __init__(self, models: _Optional[_Iterable[_Union[ModelEntry, _Mapping]]] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class MarginBucket(_message.Message):
    __slots__ = ["agree", "disagree", "margin_high", "margin_low"]
    AGREE_FIELD_NUMBER: _ClassVar[int]
    DISAGREE_FIELD_NUMBER: _ClassVar[int]
    MARGIN_HIGH_FIELD_NUMBER: _ClassVar[int]
    MARGIN_LOW_FIELD_NUMBER: _ClassVar[int]
    agree: int
    disagree: int
    margin_high: float
    margin_low: float
    def __init__(self, margin_low: _Optional[float] = ..., margin_high: _Optional[float] = ..., agree: _Optional[int] = ..., disagree: _Optional[int] = ...) -> None: ...

class ModelEntry(_message.Message):
    __slots__ = ["created_at", "dataset_id", "held_out", "source"]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    HELD_OUT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    created_at: int
    dataset_id: str
    held_out: PreferenceEvaluation
    source: _common_pb2.ScoreSource
    def __init__(self, source: _Optional[_Union[_common_pb2.ScoreSource, _Mapping]] = ..., dataset_id: _Optional[str] = ..., created_at: _Optional[int] = ..., held_out: _Optional[_Union[PreferenceEvaluation, _Mapping]] = ...) -> None: ...

class PreferenceEvaluation(_message.Message):
    __slots__ = ["accuracy", "accuracy_high", "accuracy_low", "brier_score", "by_margin", "calibration_error", "clear_accuracy", "length_correlation", "loss", "pairs", "ties"]
    ACCURACY_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_HIGH_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_LOW_FIELD_NUMBER: _ClassVar[int]
    BRIER_SCORE_FIELD_NUMBER: _ClassVar[int]
    BY_MARGIN_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_ERROR_FIELD_NUMBER: _ClassVar[int]
    CLEAR_ACCURACY_FIELD_NUMBER: _ClassVar[int]
    LENGTH_CORRELATION_FIELD_NUMBER: _ClassVar[int]
    LOSS_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    TIES_FIELD_NUMBER: _ClassVar[int]
    accuracy: float
    accuracy_high: float
    accuracy_low: float
    brier_score: float
    by_margin: _containers.RepeatedCompositeFieldContainer[MarginBucket]
    calibration_error: float
    clear_accuracy: float
    length_correlation: float
    loss: float
    pairs: int
    ties: int
    def __init__(self, pairs: _Optional[int] = ..., ties: _Optional[int] = ..., accuracy: _Optional[float] = ..., accuracy_low: _Optional[float] = ..., accuracy_high: _Optional[float] = ..., clear_accuracy: _Optional[float] = ..., loss: _Optional[float] = ..., calibration_error: _Optional[float] = ..., brier_score: _Optional[float] = ..., length_correlation: _Optional[float] = ..., by_margin: _Optional[_Iterable[_Union[MarginBucket, _Mapping]]] = ...) -> None: ...

class PreferenceHyperparameters(_message.Message):
    __slots__ = ["alpha", "batch_pairs", "epochs", "gradient_norm_max", "held_out_share", "learning_rate", "margin_max", "rank", "sequence_tokens_max", "top_layers", "weight_decay"]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    BATCH_PAIRS_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_NORM_MAX_FIELD_NUMBER: _ClassVar[int]
    HELD_OUT_SHARE_FIELD_NUMBER: _ClassVar[int]
    LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    MARGIN_MAX_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_TOKENS_MAX_FIELD_NUMBER: _ClassVar[int]
    TOP_LAYERS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    alpha: float
    batch_pairs: int
    epochs: int
    gradient_norm_max: float
    held_out_share: float
    learning_rate: float
    margin_max: float
    rank: int
    sequence_tokens_max: int
    top_layers: int
    weight_decay: float
    def __init__(self, rank: _Optional[int] = ..., alpha: _Optional[float] = ..., top_layers: _Optional[int] = ..., learning_rate: _Optional[float] = ..., weight_decay: _Optional[float] = ..., epochs: _Optional[int] = ..., batch_pairs: _Optional[int] = ..., held_out_share: _Optional[float] = ..., margin_max: _Optional[float] = ..., gradient_norm_max: _Optional[float] = ..., sequence_tokens_max: _Optional[int] = ...) -> None: ...

class PreferenceModelReport(_message.Message):
    __slots__ = ["held_out", "source", "training"]
    HELD_OUT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    held_out: PreferenceEvaluation
    source: _common_pb2.ScoreSource
    training: PreferenceEvaluation
    def __init__(self, source: _Optional[_Union[_common_pb2.ScoreSource, _Mapping]] = ..., held_out: _Optional[_Union[PreferenceEvaluation, _Mapping]] = ..., training: _Optional[_Union[PreferenceEvaluation, _Mapping]] = ...) -> None: ...

class ScoreReply(_message.Message):
    __slots__ = ["scores", "sources"]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    scores: _common_pb2.ScoreMatrix
    sources: _containers.RepeatedCompositeFieldContainer[_common_pb2.ScoreSource]
    def __init__(self, scores: _Optional[_Union[_common_pb2.ScoreMatrix, _Mapping]] = ..., sources: _Optional[_Iterable[_Union[_common_pb2.ScoreSource, _Mapping]]] = ...) -> None: ...

class ScoreRequest(_message.Message):
    __slots__ = ["adapter_id", "items", "principle_ids"]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_IDS_FIELD_NUMBER: _ClassVar[int]
    adapter_id: str
    items: _containers.RepeatedCompositeFieldContainer[_common_pb2.TextItem]
    principle_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, items: _Optional[_Iterable[_Union[_common_pb2.TextItem, _Mapping]]] = ..., principle_ids: _Optional[_Iterable[str]] = ..., adapter_id: _Optional[str] = ...) -> None: ...

class TrainPreferencesFinished(_message.Message):
    __slots__ = ["reports", "reused", "seconds"]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    REUSED_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    reports: _containers.RepeatedCompositeFieldContainer[PreferenceModelReport]
    reused: bool
    seconds: float
    def __init__(self, reports: _Optional[_Iterable[_Union[PreferenceModelReport, _Mapping]]] = ..., seconds: _Optional[float] = ..., reused: bool = ...) -> None: ...

class TrainPreferencesProgress(_message.Message):
    __slots__ = ["done", "loss", "principle_id", "seconds_left", "stage", "tokens_per_second", "total"]
    DONE_FIELD_NUMBER: _ClassVar[int]
    LOSS_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_ID_FIELD_NUMBER: _ClassVar[int]
    SECONDS_LEFT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    done: int
    loss: float
    principle_id: str
    seconds_left: float
    stage: str
    tokens_per_second: float
    total: int
    def __init__(self, principle_id: _Optional[str] = ..., stage: _Optional[str] = ..., done: _Optional[int] = ..., total: _Optional[int] = ..., loss: _Optional[float] = ..., tokens_per_second: _Optional[float] = ..., seconds_left: _Optional[float] = ...) -> None: ...

class TrainPreferencesReply(_message.Message):
    __slots__ = ["finished", "progress", "started"]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    finished: TrainPreferencesFinished
    progress: TrainPreferencesProgress
    started: TrainPreferencesStarted
    def __init__(self, started: _Optional[_Union[TrainPreferencesStarted, _Mapping]] = ..., progress: _Optional[_Union[TrainPreferencesProgress, _Mapping]] = ..., finished: _Optional[_Union[TrainPreferencesFinished, _Mapping]] = ...) -> None: ...

class TrainPreferencesRequest(_message.Message):
    __slots__ = ["adapter_id", "dataset_id", "force", "hyperparameters", "principle_ids", "seed"]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    HYPERPARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_IDS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    adapter_id: str
    dataset_id: str
    force: bool
    hyperparameters: PreferenceHyperparameters
    principle_ids: _containers.RepeatedScalarFieldContainer[str]
    seed: int
    def __init__(self, dataset_id: _Optional[str] = ..., principle_ids: _Optional[_Iterable[str]] = ..., adapter_id: _Optional[str] = ..., hyperparameters: _Optional[_Union[PreferenceHyperparameters, _Mapping]] = ..., seed: _Optional[int] = ..., force: bool = ...) -> None: ...

class TrainPreferencesStarted(_message.Message):
    __slots__ = ["held_out_pairs", "hyperparameters", "principle_ids", "training_pairs"]
    HELD_OUT_PAIRS_FIELD_NUMBER: _ClassVar[int]
    HYPERPARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_IDS_FIELD_NUMBER: _ClassVar[int]
    TRAINING_PAIRS_FIELD_NUMBER: _ClassVar[int]
    held_out_pairs: int
    hyperparameters: PreferenceHyperparameters
    principle_ids: _containers.RepeatedScalarFieldContainer[str]
    training_pairs: int
    def __init__(self, hyperparameters: _Optional[_Union[PreferenceHyperparameters, _Mapping]] = ..., principle_ids: _Optional[_Iterable[str]] = ..., training_pairs: _Optional[int] = ..., held_out_pairs: _Optional[int] = ...) -> None: ...

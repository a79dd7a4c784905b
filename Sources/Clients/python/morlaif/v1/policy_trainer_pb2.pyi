from morlaif.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

ADVANTAGE_SCALING_BATCH: AdvantageScaling
ADVANTAGE_SCALING_GROUP: AdvantageScaling
ADVANTAGE_SCALING_NONE: AdvantageScaling
ADVANTAGE_SCALING_UNSPECIFIED: AdvantageScaling
DESCRIPTOR: _descriptor.FileDescriptor
LOSS_AGGREGATION_CONSTANT: LossAggregation
LOSS_AGGREGATION_SEQUENCES: LossAggregation
LOSS_AGGREGATION_TOKENS: LossAggregation
LOSS_AGGREGATION_UNSPECIFIED: LossAggregation
POLICY_ALGORITHM_GRPO: PolicyAlgorithm
POLICY_ALGORITHM_PPO: PolicyAlgorithm
POLICY_ALGORITHM_RLOO: PolicyAlgorithm
POLICY_ALGORITHM_UNSPECIFIED: PolicyAlgorithm
POLICY_VARIANT_BASE: PolicyVariant
POLICY_VARIANT_TUNED: PolicyVariant
POLICY_VARIANT_UNSPECIFIED: PolicyVariant
SCORE_NORMALIZATION_BATCH: ScoreNormalization
SCORE_NORMALIZATION_GROUP: ScoreNormalization
SCORE_NORMALIZATION_MODEL: ScoreNormalization
SCORE_NORMALIZATION_UNSPECIFIED: ScoreNormalization

class CancelTrainingReply(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class CancelTrainingRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class CheckpointReply(_message.Message):
    __slots__ = ["path_utf8", "step"]
    PATH_UTF8_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    path_utf8: bytes
    step: int
    def __init__(self, path_utf8: _Optional[bytes] = ..., step: _Optional[int] = ...) -> None: ...

class CheckpointRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class FetchPolicyRequest(_message.Message):
    __slots__ = ["run_id"]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    def __init__(self, run_id: _Optional[str] = ...) -> None: ...

class GenerateReply(_message.Message):
    __slots__ = ["answer", "progress"]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    answer: GeneratedAnswer
    progress: SamplingProgress
    def __init__(self, answer: _Optional[_Union[GeneratedAnswer, _Mapping]] = ..., progress: _Optional[_Union[SamplingProgress, _Mapping]] = ...) -> None: ...

class GenerateRequest(_message.Message):
    __slots__ = ["prompts", "run_id", "samples_per_prompt", "sampling", "seed", "variant"]
    PROMPTS_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_PER_PROMPT_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    prompts: _containers.RepeatedCompositeFieldContainer[Prompt]
    run_id: str
    samples_per_prompt: int
    sampling: SamplingOptions
    seed: int
    variant: PolicyVariant
    def __init__(self, prompts: _Optional[_Iterable[_Union[Prompt, _Mapping]]] = ..., samples_per_prompt: _Optional[int] = ..., sampling: _Optional[_Union[SamplingOptions, _Mapping]] = ..., seed: _Optional[int] = ..., variant: _Optional[_Union[PolicyVariant, str]] = ..., run_id: _Optional[str] = ...) -> None: ...

class GeneratedAnswer(_message.Message):
    __slots__ = ["finish_reason", "prompt_id", "sample_index", "sum_log_probability", "text_utf8", "tokens"]
    FINISH_REASON_FIELD_NUMBER: _ClassVar[int]
    PROMPT_ID_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_INDEX_FIELD_NUMBER: _ClassVar[int]
    SUM_LOG_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    TEXT_UTF8_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    finish_reason: str
    prompt_id: str
    sample_index: int
    sum_log_probability: float
    text_utf8: bytes
    tokens: int
    def __init__(self, prompt_id: _Optional[str] = ..., sample_index: _Optional[int] = ..., text_utf8: _Optional[bytes] = ..., tokens: _Optional[int] = ..., finish_reason: _Optional[str] = ..., sum_log_probability: _Optional[float] = ...) -> None: ...

class LogProbabilitiesReply(_message.Message):
    __slots__ = ["results"]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[LogProbability]
    def __init__(self, results: _Optional[_Iterable[_Union[LogProbability, _Mapping]]] = ...) -> None: ...

class LogProbabilitiesRequest(_message.Message):
    __slots__ = ["ended_item_ids", "items", "run_id", "temperature", "variant"]
    ENDED_ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    ended_item_ids: _containers.RepeatedScalarFieldContainer[str]
    items: _containers.RepeatedCompositeFieldContainer[_common_pb2.TextItem]
    run_id: str
    temperature: float
    variant: PolicyVariant
    def __init__(self, items: _Optional[_Iterable[_Union[_common_pb2.TextItem, _Mapping]]] = ..., variant: _Optional[_Union[PolicyVariant, str]] = ..., run_id: _Optional[str] = ..., temperature: _Optional[float] = ..., ended_item_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class LogProbability(_message.Message):
    __slots__ = ["item_id", "sum", "tokens"]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    SUM_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    sum: float
    tokens: int
    def __init__(self, item_id: _Optional[str] = ..., sum: _Optional[float] = ..., tokens: _Optional[int] = ...) -> None: ...

class Metric(_message.Message):
    __slots__ = ["name", "value"]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...

class PauseReply(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class PauseRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class PolicyHyperparameters(_message.Message):
    __slots__ = ["advantage_scaling", "algorithm", "alpha", "checkpoint_minutes", "checkpoint_steps", "clip_range", "clip_range_high", "entropy_coefficient", "epochs", "gamma", "gradient_norm_max", "keep_last", "kl_coefficient", "kl_horizon", "kl_stop", "kl_target", "learning_rate", "loss_aggregation", "minibatches", "missing_end_penalty", "prompts_per_step", "rank", "reward_clip", "samples_per_prompt", "scale_reward", "score_normalization", "steps", "top_layers", "value_clip_range", "value_coefficient", "value_learning_rate", "warmup_steps", "watch"]
    ADVANTAGE_SCALING_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_MINUTES_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_STEPS_FIELD_NUMBER: _ClassVar[int]
    CLIP_RANGE_FIELD_NUMBER: _ClassVar[int]
    CLIP_RANGE_HIGH_FIELD_NUMBER: _ClassVar[int]
    ENTROPY_COEFFICIENT_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_NORM_MAX_FIELD_NUMBER: _ClassVar[int]
    KEEP_LAST_FIELD_NUMBER: _ClassVar[int]
    KL_COEFFICIENT_FIELD_NUMBER: _ClassVar[int]
    KL_HORIZON_FIELD_NUMBER: _ClassVar[int]
    KL_STOP_FIELD_NUMBER: _ClassVar[int]
    KL_TARGET_FIELD_NUMBER: _ClassVar[int]
    LAMBDA_FIELD_NUMBER: _ClassVar[int]
    LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    LOSS_AGGREGATION_FIELD_NUMBER: _ClassVar[int]
    MINIBATCHES_FIELD_NUMBER: _ClassVar[int]
    MISSING_END_PENALTY_FIELD_NUMBER: _ClassVar[int]
    PROMPTS_PER_STEP_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    REWARD_CLIP_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_PER_PROMPT_FIELD_NUMBER: _ClassVar[int]
    SCALE_REWARD_FIELD_NUMBER: _ClassVar[int]
    SCORE_NORMALIZATION_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    TOP_LAYERS_FIELD_NUMBER: _ClassVar[int]
    VALUE_CLIP_RANGE_FIELD_NUMBER: _ClassVar[int]
    VALUE_COEFFICIENT_FIELD_NUMBER: _ClassVar[int]
    VALUE_LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    WARMUP_STEPS_FIELD_NUMBER: _ClassVar[int]
    WATCH_FIELD_NUMBER: _ClassVar[int]
    advantage_scaling: AdvantageScaling
    algorithm: PolicyAlgorithm
    alpha: float
    checkpoint_minutes: float
    checkpoint_steps: int
    clip_range: float
    clip_range_high: float
    entropy_coefficient: float
    epochs: int
    gamma: float
    gradient_norm_max: float
    keep_last: int
    kl_coefficient: float
    kl_horizon: float
    kl_stop: float
    kl_target: float
    learning_rate: float
    loss_aggregation: LossAggregation
    minibatches: int
    missing_end_penalty: float
    prompts_per_step: int
    rank: int
    reward_clip: float
    samples_per_prompt: int
    scale_reward: bool
    score_normalization: ScoreNormalization
    steps: int
    top_layers: int
    value_clip_range: float
    value_coefficient: float
    value_learning_rate: float
    warmup_steps: int
    watch: RewardWatch
    def __init__(self, rank: _Optional[int] = ..., alpha: _Optional[float] = ..., top_layers: _Optional[int] = ..., learning_rate: _Optional[float] = ..., value_learning_rate: _Optional[float] = ..., warmup_steps: _Optional[int] = ..., steps: _Optional[int] = ..., prompts_per_step: _Optional[int] = ..., samples_per_prompt: _Optional[int] = ..., epochs: _Optional[int] = ..., minibatches: _Optional[int] = ..., gamma: _Optional[float] = ..., clip_range: _Optional[float] = ..., value_clip_range: _Optional[float] = ..., value_coefficient: _Optional[float] = ..., entropy_coefficient: _Optional[float] = ..., kl_coefficient: _Optional[float] = ..., kl_target: _Optional[float] = ..., kl_horizon: _Optional[float] = ..., reward_clip: _Optional[float] = ..., scale_reward: bool = ..., missing_end_penalty: _Optional[float] = ..., gradient_norm_max: _Optional[float] = ..., checkpoint_steps: _Optional[int] = ..., kl_stop: _Optional[float] = ..., checkpoint_minutes: _Optional[float] = ..., keep_last: _Optional[int] = ..., algorithm: _Optional[_Union[PolicyAlgorithm, str]] = ..., score_normalization: _Optional[_Union[ScoreNormalization, str]] = ..., advantage_scaling: _Optional[_Union[AdvantageScaling, str]] = ..., loss_aggregation: _Optional[_Union[LossAggregation, str]] = ..., clip_range_high: _Optional[float] = ..., watch: _Optional[_Union[RewardWatch, _Mapping]] = ..., **kwargs) -> None: ...

class Prompt(_message.Message):
    __slots__ = ["id", "text_utf8"]
    ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_UTF8_FIELD_NUMBER: _ClassVar[int]
    id: str
    text_utf8: bytes
    def __init__(self, id: _Optional[str] = ..., text_utf8: _Optional[bytes] = ...) -> None: ...

class ResumeReply(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class ResumeRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class RewardWatch(_message.Message):
    __slots__ = ["ceiling_share_max", "deviation_share_min", "kl_acceleration_max", "length_factor_max", "pauses", "principle_share_max", "repeated_share_max", "window"]
    CEILING_SHARE_MAX_FIELD_NUMBER: _ClassVar[int]
    DEVIATION_SHARE_MIN_FIELD_NUMBER: _ClassVar[int]
    KL_ACCELERATION_MAX_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FACTOR_MAX_FIELD_NUMBER: _ClassVar[int]
    PAUSES_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_SHARE_MAX_FIELD_NUMBER: _ClassVar[int]
    REPEATED_SHARE_MAX_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    ceiling_share_max: float
    deviation_share_min: float
    kl_acceleration_max: float
    length_factor_max: float
    pauses: bool
    principle_share_max: float
    repeated_share_max: float
    window: int
    def __init__(self, window: _Optional[int] = ..., deviation_share_min: _Optional[float] = ..., principle_share_max: _Optional[float] = ..., length_factor_max: _Optional[float] = ..., kl_acceleration_max: _Optional[float] = ..., ceiling_share_max: _Optional[float] = ..., repeated_share_max: _Optional[float] = ..., pauses: bool = ...) -> None: ...

class SamplePairsReply(_message.Message):
    __slots__ = ["pair", "progress"]
    PAIR_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    pair: _common_pb2.PreferencePair
    progress: SamplingProgress
    def __init__(self, pair: _Optional[_Union[_common_pb2.PreferencePair, _Mapping]] = ..., progress: _Optional[_Union[SamplingProgress, _Mapping]] = ...) -> None: ...

class SamplePairsRequest(_message.Message):
    __slots__ = ["hints_utf8", "pairs_per_prompt_max", "prompts", "samples_per_prompt", "sampling", "seed"]
    HINTS_UTF8_FIELD_NUMBER: _ClassVar[int]
    PAIRS_PER_PROMPT_MAX_FIELD_NUMBER: _ClassVar[int]
    PROMPTS_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_PER_PROMPT_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    hints_utf8: _containers.RepeatedScalarFieldContainer[bytes]
    pairs_per_prompt_max: int
    prompts: _containers.RepeatedCompositeFieldContainer[Prompt]
    samples_per_prompt: int
    sampling: SamplingOptions
    seed: int
    def __init__(self, prompts: _Optional[_Iterable[_Union[Prompt, _Mapping]]] = ..., samples_per_prompt: _Optional[int] = ..., pairs_per_prompt_max: _Optional[int] = ..., sampling: _Optional[_Union[SamplingOptions, _Mapping]] = ..., seed: _Optional[int] = ..., hints_utf8: _Optional[_Iterable[bytes]] = ...) -> None: ...

class SamplingOptions(_message.Message):
    __slots__ = ["stop_utf8", "temperature", "tokens_max", "top_k", "top_p"]
    STOP_UTF8_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    TOKENS_MAX_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    TOP_P_FIELD_NUMBER: _ClassVar[int]
    stop_utf8: _containers.RepeatedScalarFieldContainer[bytes]
    temperature: float
    tokens_max: int
    top_k: int
    top_p: float
    def __init__(self, temperature: _Optional[float] = ..., top_k: _Optional[int] = ..., top_p: _Optional[float] = ..., tokens_max: _Optional[int] = ..., stop_utf8: _Optional[_Iterable[bytes]] = ...) -> None: ...

class SamplingProgress(_message.Message):
    __slots__ = ["answers_done", "answers_total", "seconds_left", "tokens_per_second"]
    ANSWERS_DONE_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    SECONDS_LEFT_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    answers_done: int
    answers_total: int
    seconds_left: float
    tokens_per_second: float
    def __init__(self, answers_done: _Optional[int] = ..., answers_total: _Optional[int] = ..., tokens_per_second: _Optional[float] = ..., seconds_left: _Optional[float] = ...) -> None: ...

class ScoredSample(_message.Message):
    __slots__ = ["contributions", "item", "reward", "scores"]
    CONTRIBUTIONS_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    REWARD_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    contributions: _containers.RepeatedScalarFieldContainer[float]
    item: _common_pb2.TextItem
    reward: float
    scores: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, item: _Optional[_Union[_common_pb2.TextItem, _Mapping]] = ..., scores: _Optional[_Iterable[float]] = ..., reward: _Optional[float] = ..., contributions: _Optional[_Iterable[float]] = ...) -> None: ...

class StatusReply(_message.Message):
    __slots__ = ["configuration_version", "model_id", "preference_model_endpoint", "run_id", "scalarizer_endpoint", "state", "step", "steps"]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    PREFERENCE_MODEL_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SCALARIZER_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    configuration_version: int
    model_id: str
    preference_model_endpoint: str
    run_id: str
    scalarizer_endpoint: str
    state: str
    step: int
    steps: int
    def __init__(self, state: _Optional[str] = ..., run_id: _Optional[str] = ..., step: _Optional[int] = ..., steps: _Optional[int] = ..., model_id: _Optional[str] = ..., scalarizer_endpoint: _Optional[str] = ..., configuration_version: _Optional[int] = ..., preference_model_endpoint: _Optional[str] = ...) -> None: ...

class StatusRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class SwapScalarizerReply(_message.Message):
    __slots__ = ["configuration_hash", "configuration_version", "first_step"]
    CONFIGURATION_HASH_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    FIRST_STEP_FIELD_NUMBER: _ClassVar[int]
    configuration_hash: str
    configuration_version: int
    first_step: int
    def __init__(self, configuration_version: _Optional[int] = ..., configuration_hash: _Optional[str] = ..., first_step: _Optional[int] = ...) -> None: ...

class SwapScalarizerRequest(_message.Message):
    __slots__ = ["host", "port", "server_name"]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    SERVER_NAME_FIELD_NUMBER: _ClassVar[int]
    host: str
    port: int
    server_name: str
    def __init__(self, host: _Optional[str] = ..., port: _Optional[int] = ..., server_name: _Optional[str] = ...) -> None: ...

class TrainPolicyEvent(_message.Message):
    __slots__ = ["detail_utf8", "kind", "step", "time"]
    DETAIL_UTF8_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    detail_utf8: bytes
    kind: str
    step: int
    time: float
    def __init__(self, kind: _Optional[str] = ..., step: _Optional[int] = ..., detail_utf8: _Optional[bytes] = ..., time: _Optional[float] = ...) -> None: ...

class TrainPolicyFinished(_message.Message):
    __slots__ = ["adapter_path_utf8", "checkpoint_path_utf8", "detail_utf8", "outcome", "seconds", "steps_done"]
    ADAPTER_PATH_UTF8_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_PATH_UTF8_FIELD_NUMBER: _ClassVar[int]
    DETAIL_UTF8_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    STEPS_DONE_FIELD_NUMBER: _ClassVar[int]
    adapter_path_utf8: bytes
    checkpoint_path_utf8: bytes
    detail_utf8: bytes
    outcome: str
    seconds: float
    steps_done: int
    def __init__(self, outcome: _Optional[str] = ..., detail_utf8: _Optional[bytes] = ..., steps_done: _Optional[int] = ..., checkpoint_path_utf8: _Optional[bytes] = ..., adapter_path_utf8: _Optional[bytes] = ..., seconds: _Optional[float] = ...) -> None: ...

class TrainPolicyReply(_message.Message):
    __slots__ = ["event", "finished", "started", "step"]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    event: TrainPolicyEvent
    finished: TrainPolicyFinished
    started: TrainPolicyStarted
    step: TrainPolicyStep
    def __init__(self, started: _Optional[_Union[TrainPolicyStarted, _Mapping]] = ..., step: _Optional[_Union[TrainPolicyStep, _Mapping]] = ..., event: _Optional[_Union[TrainPolicyEvent, _Mapping]] = ..., finished: _Optional[_Union[TrainPolicyFinished, _Mapping]] = ...) -> None: ...

class TrainPolicyRequest(_message.Message):
    __slots__ = ["adapter_id", "hyperparameters", "principle_ids", "prompts", "run_id", "sampling", "seed"]
    ADAPTER_ID_FIELD_NUMBER: _ClassVar[int]
    HYPERPARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PRINCIPLE_IDS_FIELD_NUMBER: _ClassVar[int]
    PROMPTS_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    adapter_id: str
    hyperparameters: PolicyHyperparameters
    principle_ids: _containers.RepeatedScalarFieldContainer[str]
    prompts: _containers.RepeatedCompositeFieldContainer[Prompt]
    run_id: str
    sampling: SamplingOptions
    seed: int
    def __init__(self, run_id: _Optional[str] = ..., prompts: _Optional[_Iterable[_Union[Prompt, _Mapping]]] = ..., principle_ids: _Optional[_Iterable[str]] = ..., adapter_id: _Optional[str] = ..., hyperparameters: _Optional[_Union[PolicyHyperparameters, _Mapping]] = ..., sampling: _Optional[_Union[SamplingOptions, _Mapping]] = ..., seed: _Optional[int] = ...) -> None: ...

class TrainPolicyStarted(_message.Message):
    __slots__ = ["first_step", "hyperparameters", "run_id", "sampling"]
    FIRST_STEP_FIELD_NUMBER: _ClassVar[int]
    HYPERPARAMETERS_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_FIELD_NUMBER: _ClassVar[int]
    first_step: int
    hyperparameters: PolicyHyperparameters
    run_id: str
    sampling: SamplingOptions
    def __init__(self, run_id: _Optional[str] = ..., hyperparameters: _Optional[_Union[PolicyHyperparameters, _Mapping]] = ..., sampling: _Optional[_Union[SamplingOptions, _Mapping]] = ..., first_step: _Optional[int] = ...) -> None: ...

class TrainPolicyStep(_message.Message):
    __slots__ = ["configuration_hash", "configuration_version", "metrics", "samples", "scalarizer_endpoint", "seconds", "seconds_left", "sources", "step", "steps"]
    CONFIGURATION_HASH_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    SCALARIZER_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_LEFT_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    configuration_hash: str
    configuration_version: int
    metrics: _containers.RepeatedCompositeFieldContainer[Metric]
    samples: _containers.RepeatedCompositeFieldContainer[ScoredSample]
    scalarizer_endpoint: str
    seconds: float
    seconds_left: float
    sources: _containers.RepeatedCompositeFieldContainer[_common_pb2.ScoreSource]
    step: int
    steps: int
    def __init__(self, step: _Optional[int] = ..., steps: _Optional[int] = ..., metrics: _Optional[_Iterable[_Union[Metric, _Mapping]]] = ..., samples: _Optional[_Iterable[_Union[ScoredSample, _Mapping]]] = ..., configuration_version: _Optional[int] = ..., configuration_hash: _Optional[str] = ..., scalarizer_endpoint: _Optional[str] = ..., seconds: _Optional[float] = ..., seconds_left: _Optional[float] = ..., sources: _Optional[_Iterable[_Union[_common_pb2.ScoreSource, _Mapping]]] = ...) -> None: ...

class PolicyAlgorithm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class ScoreNormalization(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class AdvantageScaling(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class LossAggregation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class PolicyVariant(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

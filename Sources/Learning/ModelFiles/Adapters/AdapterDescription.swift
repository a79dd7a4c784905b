/// What `adapter_config.json` says about a LoRA adapter.
package struct AdapterDescription: Sendable, Equatable {
  /// What the adapter is for; PEFT puts the right head on the base accordingly.
  package enum Task: String, Sendable, Equatable {
    /// A language model: no head of its own.
    case causalLanguageModel = "CAUSAL_LM"
    /// One score for a text: the head `score.weight` is saved with the adapter.
    case sequenceClassification = "SEQ_CLS"
  }

  /// What the adapter is for.
  package var task: Task
  /// The rank of every pair of matrices.
  package var rank: Int
  /// The numerator of the scale.
  package var alpha: Double
  /// Whether the scale is `alpha / √rank` instead of `alpha / rank`.
  package var usesRankStabilizedScale: Bool
  /// The names of the adapted maps, such as `q_proj`, sorted.
  package var targetModules: [String]
  /// The adapted layers; `nil` means all.
  package var layers: [Int]?
  /// Whether the base keeps the adapted maps as (inputs, outputs), as GPT-2 does; the adapter's own
  /// matrices are the same.
  package var fanInFanOut: Bool
  /// The base model's name or path.
  package var baseModel: String

  /// Makes a description.
  package init(
    task: Task,
    rank: Int,
    alpha: Double,
    usesRankStabilizedScale: Bool = false,
    targetModules: [String],
    layers: [Int]? = nil,
    fanInFanOut: Bool = false,
    baseModel: String = ""
  ) {
    self.task = task
    self.rank = rank
    self.alpha = alpha
    self.usesRankStabilizedScale = usesRankStabilizedScale
    self.targetModules = targetModules
    self.layers = layers
    self.fanInFanOut = fanInFanOut
    self.baseModel = baseModel
  }

  /// The factor of `B·A`.
  package var scale: Double {
    usesRankStabilizedScale ? alpha / Double(rank).squareRoot() : alpha / Double(rank)
  }
}

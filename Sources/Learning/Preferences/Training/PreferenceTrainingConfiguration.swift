package import LanguageModels
internal import Tensors

/// How preference models are trained.
package struct PreferenceTrainingConfiguration: Sendable, Equatable {
  /// Rank, scale and layers of each principle's adapter.
  ///
  /// With three of 30 layers scoring on 12 principles costs less than twice scoring on one, and
  /// accuracy is that of four.
  package var adapter = AdapterConfiguration(rank: 8, alpha: 16, topLayers: 3)
  /// Passes over the training pairs with one adapter under all principles' heads.
  ///
  /// They come first; each principle goes on from them with an adapter of its own.
  package var sharedEpochCount = 2
  /// Passes of each principle over its own training pairs.
  package var epochCount = 1
  /// Ridges that the heads fitted to the base model's states before training choose from.
  ///
  /// Each principle takes the one with the least loss on training prompts left out of the fit; with
  /// none given heads begin at random.
  package var headRidges: [Double] = [0.1, 0.3, 1, 3, 10]
  /// Learning rate of the heads as a multiple of the adapters'.
  package var headLearningRateFactor = 0.1
  /// Most pairs a step.
  package var pairCountMax = 24
  /// Most tokens a step and a batch of the frozen layers.
  package var tokenCountMax = 4096
  /// Peak learning rate, reached after warm-up.
  package var learningRate = 1e-3
  /// Share of all steps spent warming up.
  package var warmupShare = 0.1
  /// Decoupled weight decay.
  package var weightDecay = 0.01
  /// Largest norm of a step's gradient.
  package var gradientNormMax = 1.0
  /// The loss, with margins and smoothing off by default.
  package var loss = BradleyTerryLoss()
  /// Share of prompts held out for measuring.
  package var heldOutShare = 0.2
  /// Epochs without a better held-out loss before training stops; nil to train them all.
  package var earlyStoppingPatience: Int?
  /// Seed of initial weights, split and order.
  package var seed: UInt64 = 0
  /// Most bytes of cached streams.
  package var cacheByteCountMax = 1 << 30

  /// Creates the defaults.
  package init() {}

  /// Refuses values outside their ranges.
  func check() throws(PreferenceError) {
    func refuse(
      _ isRefused: Bool,
      _ field: String,
      _ value: Any,
      _ rule: String
    )
      throws(PreferenceError)
    {
      if isRefused {
        throw .invalidConfiguration(field: field, value: "\(value)", rule: rule)
      }
    }
    try refuse(adapter.rank < 1, "adapter.rank", adapter.rank, "at least 1")
    let layers = adapter.topLayers ?? 1
    try refuse(layers < 1, "adapter.layers", layers, "at least 1, or all")
    try refuse(sharedEpochCount < 0, "shared_epochs", sharedEpochCount, "at least 0")
    for ridge in headRidges {
      try refuse(!(ridge > 0 && ridge.isFinite), "head_ridges", ridge, "numbers above 0, or none")
    }
    let headFactor = headLearningRateFactor
    try refuse(!(headFactor >= 0), "head_learning_rate_factor", headFactor, "at least 0")
    try refuse(epochCount < 0, "epochs", epochCount, "at least 0")
    try refuse(pairCountMax < 1, "pairs_per_batch", pairCountMax, "at least 1")
    try refuse(tokenCountMax < 1, "tokens_per_batch", tokenCountMax, "at least 1")
    try refuse(!(learningRate > 0), "learning_rate", learningRate, "a number above 0")
    try refuse(!(0...1 ~= warmupShare), "warmup_share", warmupShare, "between 0 and 1")
    try refuse(!(weightDecay >= 0), "weight_decay", weightDecay, "at least 0")
    try refuse(!(gradientNormMax > 0), "gradient_norm", gradientNormMax, "a number above 0")
    try refuse(!(loss.marginMax >= 0), "margin_max", loss.marginMax, "at least 0")
    let smoothing = loss.labelSmoothing
    try refuse(!(0..<1 ~= smoothing), "label_smoothing", smoothing, "at least 0 and below 1")
    try refuse(!(0..<1 ~= heldOutShare), "held_out_share", heldOutShare, "at least 0 and below 1")
  }
}

internal import LanguageModels
internal import Messages
internal import Preferences
internal import ServiceKit

/// The settings of a training: the request's, with the service's defaults for what it leaves open.
struct TrainingSettings: Sendable {
  /// What the library is given.
  let configuration: PreferenceTrainingConfiguration
  /// Longest text in tokens.
  let sequenceTokensMax: Int

  /// Checks a request; 0 means the default.
  init(
    _ message: PreferenceHyperparameters?,
    seed: UInt64,
    layerCount: Int,
    limits: PreferenceModelLimits
  ) throws {
    let message = message ?? PreferenceHyperparameters()
    var configuration = PreferenceTrainingConfiguration()
    func number(_ value: Double, _ name: String, _ range: ClosedRange<Double>) throws -> Double? {
      guard value != 0 else { return nil }
      return try MessageChecks.inRange(value, range, "hyperparameters.\(name)")
    }
    func count(_ value: UInt32, _ name: String, max: Int) throws -> Int? {
      guard value != 0 else { return nil }
      return try MessageChecks.inRange(Int(value), 1...max, "hyperparameters.\(name)")
    }
    configuration.adapter.rank =
      try count(message.rank, "rank", max: 1024) ?? configuration.adapter.rank
    configuration.adapter.alpha =
      try number(message.alpha, "alpha", 1e-6...1e6) ?? configuration.adapter.alpha
    let layers = try count(message.topLayers, "top_layers", max: layerCount)
    // A model with fewer layers than the default takes all of them.
    configuration.adapter.topLayers =
      layers ?? min(configuration.adapter.topLayers ?? layerCount, layerCount)
    configuration.learningRate =
      try number(message.learningRate, "learning_rate", 1e-12...10) ?? configuration.learningRate
    configuration.weightDecay =
      try number(message.weightDecay, "weight_decay", 0...10) ?? configuration.weightDecay
    configuration.epochCount =
      try count(message.epochs, "epochs", max: 10_000) ?? configuration.epochCount
    configuration.pairCountMax =
      try count(message.batchPairs, "batch_pairs", max: 100_000) ?? configuration.pairCountMax
    configuration.heldOutShare =
      try number(message.heldOutShare, "held_out_share", 0...0.5) ?? configuration.heldOutShare
    configuration.loss.marginMax =
      try number(message.marginMax, "margin_max", 0...1000) ?? 0
    configuration.gradientNormMax =
      try number(message.gradientNormMax, "gradient_norm_max", 1e-9...1e9)
      ?? configuration.gradientNormMax
    configuration.tokenCountMax = limits.tokensPerBatch
    configuration.seed = seed
    self.configuration = configuration
    sequenceTokensMax =
      try count(message.sequenceTokensMax, "sequence_tokens_max", max: 1_000_000)
      ?? limits.sequenceTokensMax
  }

  /// The settings as `TrainPreferencesReply.started` spells them out.
  var message: PreferenceHyperparameters {
    PreferenceHyperparameters(
      rank: UInt32(configuration.adapter.rank),
      alpha: configuration.adapter.alpha,
      topLayers: UInt32(configuration.adapter.topLayers ?? 0),
      learningRate: configuration.learningRate,
      weightDecay: configuration.weightDecay,
      epochs: UInt32(configuration.epochCount),
      batchPairs: UInt32(configuration.pairCountMax),
      heldOutShare: configuration.heldOutShare,
      marginMax: configuration.loss.marginMax,
      gradientNormMax: configuration.gradientNormMax,
      sequenceTokensMax: UInt32(clamping: sequenceTokensMax)
    )
  }

  /// Everything that shapes the result, as text for a fingerprint.
  func description(base: String) -> String {
    let adapter = configuration.adapter
    let counts = [
      adapter.rank, adapter.topLayers ?? 0, configuration.epochCount, configuration.pairCountMax,
      configuration.tokenCountMax, sequenceTokensMax,
    ]
    let numbers = [
      adapter.alpha, configuration.learningRate, configuration.warmupShare,
      configuration.weightDecay, configuration.gradientNormMax, configuration.heldOutShare,
      configuration.loss.marginMax, configuration.loss.labelSmoothing,
    ]
    return "\(base) \(configuration.seed) \(counts) \(numbers.map(\.bitPattern))"
  }
}

internal import LanguageModels
internal import Messages
internal import PolicyOptimization
internal import ServiceKit

/// The settings of a run: the request's, with the service's defaults for what it leaves open.
struct RunSettings: Sendable {
  /// What the library is given.
  let configuration: PPOConfiguration
  /// When checkpoints are written and how many are kept.
  let checkpoints: CheckpointSchedule
  /// Whether the run is held when a sign of a gamed reward begins.
  let pausesOnWatch: Bool
  /// Mean sequence KL, in nats, at which a run stops itself; nil never.
  let klStop: Double?

  /// Checks a request; 0 means the default.
  init(_ request: TrainPolicyRequest, layerCount: Int, answerTokensMax: Int) throws {
    let message = request.hyperparameters ?? PolicyHyperparameters()
    let reader = SettingsReader()
    var ppo = PPOConfiguration()
    Self.readAlgorithm(message, into: &ppo)
    try Self.readAdapter(message, reader, layerCount: layerCount, into: &ppo)
    try Self.readLoop(message, reader, into: &ppo)
    try Self.readLosses(message, reader, into: &ppo)
    try Self.readRewards(message, reader, into: &ppo)
    try Self.readWatch(message.watch ?? Messages.RewardWatch(), reader, into: &ppo.watch)
    let sampling = request.sampling ?? SamplingOptions()
    guard sampling.topK == 0, sampling.topP == 0 || sampling.topP == 1, sampling.stop.isEmpty else {
      // Any cut of the distribution makes the KL wrong (PEERS 4, item 10).
      throw MessageChecks.refusal(
        "sampling: PPO samples from the whole distribution; leave top_k, top_p and stop empty"
      )
    }
    ppo.temperature =
      try reader.number(sampling.temperature, "temperature", 0.01...100).map { Float($0) }
      ?? ppo.temperature
    ppo.newTokenCountMax =
      try reader.count(sampling.tokensMax, "tokens_max", max: answerTokensMax)
      ?? ppo.newTokenCountMax
    ppo.seed = request.seed
    try ppo.check()
    configuration = ppo
    checkpoints = CheckpointSchedule(
      steps: try reader.count(message.checkpointSteps, "checkpoint_steps"),
      minutes: try reader.number(message.checkpointMinutes, "checkpoint_minutes", 1e-3...1e6),
      keptCount: try reader.count(message.keepLast, "keep_last", max: 10_000)
    )
    pausesOnWatch = message.watch?.pauses ?? false
    klStop = try reader.number(message.klStop, "kl_stop", 0...1e9)
  }

  private static func readAlgorithm(
    _ message: PolicyHyperparameters,
    into ppo: inout PPOConfiguration
  ) {
    ppo.algorithm = PolicyAlgorithm(message.algorithm) ?? ppo.algorithm
    ppo.scoreNormalization = .init(message.scoreNormalization) ?? ppo.scoreNormalization
    ppo.advantageScaling = .init(message.advantageScaling)
    ppo.lossAggregation = .init(message.lossAggregation)
  }

  private static func readAdapter(
    _ message: PolicyHyperparameters,
    _ reader: SettingsReader,
    layerCount: Int,
    into ppo: inout PPOConfiguration
  ) throws {
    ppo.adapter.rank = try reader.count(message.rank, "rank", max: 1024) ?? ppo.adapter.rank
    ppo.adapter.alpha = try reader.number(message.alpha, "alpha", 1e-6...1e6) ?? ppo.adapter.alpha
    // A model with fewer layers than the default takes all of them.
    ppo.adapter.topLayers =
      try reader.count(message.topLayers, "top_layers", max: layerCount)
      ?? min(ppo.adapter.topLayers ?? layerCount, layerCount)
  }

  private static func readLoop(
    _ message: PolicyHyperparameters,
    _ reader: SettingsReader,
    into ppo: inout PPOConfiguration
  ) throws {
    ppo.stepCount = try reader.count(message.steps, "steps") ?? ppo.stepCount
    ppo.promptCountPerStep =
      try reader.count(message.promptsPerStep, "prompts_per_step") ?? ppo.promptCountPerStep
    ppo.samplesPerPrompt =
      try reader.count(message.samplesPerPrompt, "samples_per_prompt") ?? ppo.samplesPerPrompt
    ppo.epochCount = try reader.count(message.epochs, "epochs", max: 1000) ?? ppo.epochCount
    ppo.minibatchCount =
      try reader.count(message.minibatches, "minibatches") ?? ppo.minibatchCount
    ppo.learningRate =
      try reader.number(message.learningRate, "learning_rate", 1e-12...10) ?? ppo.learningRate
    if let rate = try reader.number(message.valueLearningRate, "value_learning_rate", 1e-12...10) {
      ppo.valueLearningRateFactor = rate / ppo.learningRate
    }
    if let steps = try reader.count(message.warmupSteps, "warmup_steps") {
      ppo.warmupShare = min(1, Double(steps) / Double(ppo.updateCount))
    }
    ppo.gradientNormMax =
      try reader.number(message.gradientNormMax, "gradient_norm_max", 1e-9...1e9)
      ?? ppo.gradientNormMax
  }

  private static func readLosses(
    _ message: PolicyHyperparameters,
    _ reader: SettingsReader,
    into ppo: inout PPOConfiguration
  ) throws {
    ppo.advantages.discount =
      try reader.number(message.gamma, "gamma", 0...1) ?? ppo.advantages.discount
    ppo.advantages.trace =
      try reader.number(message.lambda, "lambda", 0...1) ?? ppo.advantages.trace
    ppo.policyLoss.clipRange =
      try reader.number(message.clipRange, "clip_range", 1e-6...100) ?? ppo.policyLoss.clipRange
    ppo.policyLoss.clipRangeHigh =
      try reader.number(message.clipRangeHigh, "clip_range_high", 1e-6...100)
    ppo.valueLoss.clipRange =
      try reader.number(message.valueClipRange, "value_clip_range", 1e-6...1e6)
      ?? ppo.valueLoss.clipRange
    ppo.valueCoefficient =
      try reader.number(message.valueCoefficient, "value_coefficient", 0...1e6)
      ?? ppo.valueCoefficient
    ppo.entropyCoefficient =
      try reader.number(message.entropyCoefficient, "entropy_coefficient", 0...1e6)
      ?? ppo.entropyCoefficient
    ppo.klCoefficient =
      try reader.number(message.klCoefficient, "kl_coefficient", 0...1e6) ?? ppo.klCoefficient
    if let target = try reader.number(message.klTarget, "kl_target", 1e-6...1e6) {
      let horizon = try reader.number(message.klHorizon, "kl_horizon", 1...1e12) ?? 10_000
      ppo.klControl = .adaptive(target: target, horizon: horizon)
    }
  }

  private static func readRewards(
    _ message: PolicyHyperparameters,
    _ reader: SettingsReader,
    into ppo: inout PPOConfiguration
  ) throws {
    ppo.rewards.clip =
      try reader.number(message.rewardClip, "reward_clip", 1e-6...1e9) ?? ppo.rewards.clip
    if case .scaleReward(let scales)? = message.rewardScaling {
      ppo.rewards.scalesByRunningDeviation = scales
    }
    let penalty = try reader.number(message.missingEndPenalty, "missing_end_penalty", 0...1e9)
    if let penalty { ppo.rewards.missingEnd = .penalty(penalty) }
  }

  private static func readWatch(
    _ message: Messages.RewardWatch,
    _ reader: SettingsReader,
    into limits: inout RewardWatchLimits
  ) throws {
    limits.window = try reader.count(message.window, "watch.window", max: 10_000) ?? limits.window
    func read(_ value: Double, _ name: String, _ limit: inout Double) throws {
      limit = try reader.number(value, "watch." + name, 1e-9...1e9) ?? limit
    }
    try read(message.deviationShareMin, "deviation_share_min", &limits.deviationShareMin)
    try read(message.principleShareMax, "principle_share_max", &limits.principleShareMax)
    try read(message.lengthFactorMax, "length_factor_max", &limits.lengthFactorMax)
    try read(message.klAccelerationMax, "kl_acceleration_max", &limits.klAccelerationMax)
    try read(message.ceilingShareMax, "ceiling_share_max", &limits.ceilingShareMax)
    try read(message.repeatedShareMax, "repeated_share_max", &limits.repeatedShareMax)
  }

  /// The settings as `TrainPolicyReply.started` spells them out.
  var message: PolicyHyperparameters {
    let ppo = configuration
    var message = PolicyHyperparameters()
    message.algorithm = ppo.algorithm.message
    message.scoreNormalization = ppo.scoreNormalization.message
    if !ppo.algorithm.hasCritic {
      message.advantageScaling = (ppo.advantageScaling ?? ppo.algorithm.scaling).message
    }
    message.lossAggregation = (ppo.lossAggregation ?? ppo.algorithm.aggregation).message
    message.clipRangeHigh = ppo.policyLoss.clipRangeHigh ?? 0
    message.rank = UInt32(clamping: ppo.adapter.rank)
    message.alpha = ppo.adapter.alpha
    message.topLayers = UInt32(clamping: ppo.adapter.topLayers ?? 0)
    message.learningRate = ppo.learningRate
    message.valueLearningRate = ppo.learningRate * ppo.valueLearningRateFactor
    message.warmupSteps = UInt32((Double(ppo.updateCount) * ppo.warmupShare).rounded(.up))
    message.steps = UInt32(clamping: ppo.stepCount)
    message.promptsPerStep = UInt32(clamping: ppo.promptCountPerStep)
    message.samplesPerPrompt = UInt32(clamping: ppo.samplesPerPrompt)
    message.epochs = UInt32(clamping: ppo.epochCount)
    message.minibatches = UInt32(clamping: ppo.minibatchCount)
    message.gamma = ppo.advantages.discount
    message.lambda = ppo.advantages.trace
    message.clipRange = ppo.policyLoss.clipRange
    message.valueClipRange = ppo.valueLoss.clipRange ?? 0
    message.valueCoefficient = ppo.valueCoefficient
    message.entropyCoefficient = ppo.entropyCoefficient
    message.klCoefficient = ppo.klCoefficient
    if case .adaptive(let target, let horizon) = ppo.klControl {
      (message.klTarget, message.klHorizon) = (target, horizon)
    }
    message.rewardClip = ppo.rewards.clip ?? 0
    message.rewardScaling = .scaleReward(ppo.rewards.scalesByRunningDeviation)
    if case .penalty(let amount) = ppo.rewards.missingEnd { message.missingEndPenalty = amount }
    message.gradientNormMax = ppo.gradientNormMax
    message.checkpointSteps = UInt32(clamping: checkpoints.steps ?? 0)
    message.checkpointMinutes = checkpoints.minutes ?? 0
    message.keepLast = UInt32(clamping: checkpoints.keptCount)
    message.klStop = klStop ?? 0
    message.watch = Messages.RewardWatch(
      window: UInt32(clamping: ppo.watch.window),
      deviationShareMin: ppo.watch.deviationShareMin,
      principleShareMax: ppo.watch.principleShareMax,
      lengthFactorMax: ppo.watch.lengthFactorMax,
      klAccelerationMax: ppo.watch.klAccelerationMax,
      ceilingShareMax: ppo.watch.ceilingShareMax,
      repeatedShareMax: ppo.watch.repeatedShareMax,
      pauses: pausesOnWatch
    )
    return message
  }

  /// The sampling as `TrainPolicyReply.started` spells it out.
  var samplingMessage: Messages.SamplingOptions {
    SamplingOptions(
      temperature: Double(configuration.temperature),
      topP: 1,
      tokensMax: UInt32(clamping: configuration.newTokenCountMax)
    )
  }
}

/// Reads numbers where 0 means "not given".
private struct SettingsReader {
  func number(
    _ value: Double,
    _ name: String,
    _ range: ClosedRange<Double>
  ) throws -> Double? {
    value == 0 ? nil : try MessageChecks.inRange(value, range, name)
  }

  func count(_ value: UInt32, _ name: String, max: Int = 10_000_000) throws -> Int? {
    value == 0 ? nil : try MessageChecks.inRange(Int(value), 1...max, name)
  }
}

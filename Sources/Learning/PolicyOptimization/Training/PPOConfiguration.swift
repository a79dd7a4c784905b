package import LanguageModels
package import Tensors

/// Everything that shapes a PPO run.
package struct PPOConfiguration: Sendable, Equatable {
  /// How rewards become advantages.
  package var algorithm = PolicyAlgorithm.ppo
  /// What critic-free advantages are divided by; nil for the algorithm's own way.
  package var advantageScaling: GroupAdvantages.Scaling?
  /// How token losses become one; nil for the algorithm's own way.
  package var lossAggregation: LossAggregation?
  /// How scores are brought to one scale before they are combined; the reward source does it.
  package var scoreNormalization = ScoreNormalization.model
  /// Rank, scale and layers of the policy's adapter.
  package var adapter = AdapterConfiguration(rank: 16, alpha: 32, topLayers: 10)
  /// Prompts a step.
  package var promptCountPerStep = 12
  /// Answers sampled to each of them.
  package var samplesPerPrompt = 2
  /// Steps of the run; the learning-rate schedule ends with the last.
  package var stepCount = 20
  /// Passes over each step's rollouts.
  package var epochCount = 2
  /// Updates a pass.
  package var minibatchCount = 2
  /// Most tokens of recorded activations at once; larger minibatches accumulate gradients.
  package var tokenCountMax = 2048
  /// Most new tokens an answer.
  package var newTokenCountMax = 48
  /// Sampling temperature, which also divides the logits of policy and reference in training.
  package var temperature: Float = 1
  /// Peak learning rate.
  package var learningRate = 1e-3
  /// Learning rate of the value head as a multiple of the policy's.
  package var valueLearningRateFactor = 1.0
  /// How the learning rate moves after warm-up.
  package var learningRateShape = LearningRateSchedule.Shape.linear
  /// Share of all updates spent warming up.
  package var warmupShare = 0.05
  /// Share of the peak that is left at the end.
  package var finalLearningRateFactor = 0.1
  /// Adam's constants.
  package var optimiser = AdamW.Configuration(beta1: 0.9, beta2: 0.95, epsilon: 1e-5)
  /// Largest norm of an update's gradient.
  package var gradientNormMax = 1.0
  /// The clipped surrogate.
  package var policyLoss = PolicyLoss()
  /// The clipped value error.
  package var valueLoss = ValueLoss()
  /// Weight of the value loss.
  package var valueCoefficient = 0.1
  /// Whether value gradients stop at the head instead of reaching the adapter.
  package var detachesValueHead = false
  /// Weight of the entropy bonus.
  package var entropyCoefficient = 0.0
  /// Discount and trace.
  package var advantages = AdvantageEstimation()
  /// Whether advantages are whitened over each step's tokens.
  package var whitensAdvantages = true
  /// Whether token rewards are scaled to unit deviation, their mean kept.
  package var whitensRewards = false
  /// How rewards are prepared.
  package var rewards = RewardConditioning()
  /// First KL coefficient.
  package var klCoefficient = 0.05
  /// How the KL coefficient moves.
  package var klControl = KLControl.fixed
  /// Weight of a KL term in the loss itself, on top of the one in the rewards.
  package var klLossCoefficient = 0.0
  /// The estimator of that term; nil for k3 where the algorithm has the penalty in its loss, else k2.
  package var klLossEstimator: KLEstimator?
  /// Sequence KL in nats above which a step is reported as alarming; nil for never.
  package var klAlert: Double? = 10
  /// Approximate KL between old and new policy, in nats a token, that ends a step's epochs early.
  package var approximateKLStop: Double? = 0.2
  /// First steps that train the value head alone.
  package var valueWarmupStepCount = 0
  /// Largest departure from one of the first minibatch's ratios before it is reported.
  package var firstRatioTolerance = 1e-3
  /// When signs of a gamed reward are reported.
  package var watch = RewardWatchLimits()
  /// Seed of everything random.
  package var seed: UInt64 = 0

  /// Creates the defaults.
  package init() {}

  /// Answers a step.
  package var sampleCountPerStep: Int { promptCountPerStep * samplesPerPrompt }

  /// Updates of the whole run when no step stops early.
  package var updateCount: Int { stepCount * epochCount * minibatchCount }

  /// The learning rate over updates.
  package var schedule: LearningRateSchedule {
    LearningRateSchedule(
      learningRateShape,
      peak: learningRate,
      warmupStepCount: Int((Double(updateCount) * warmupShare).rounded(.up)),
      totalStepCount: updateCount,
      finalFactor: finalLearningRateFactor
    )
  }

  /// Refuses values outside their ranges.
  package func check() throws(PolicyOptimizationError) {
    func refuse(
      _ isRefused: Bool,
      _ field: String,
      _ value: Any,
      _ rule: String
    )
      throws(PolicyOptimizationError)
    {
      if isRefused { throw .invalidConfiguration(field: field, value: "\(value)", rule: rule) }
    }
    let counts: [(String, Int)] = [
      ("adapter.rank", adapter.rank), ("adapter.layers", adapter.topLayers ?? 1),
      ("prompts_per_step", promptCountPerStep), ("samples_per_prompt", samplesPerPrompt),
      ("steps", stepCount), ("epochs", epochCount), ("minibatches", minibatchCount),
      ("tokens_per_batch", tokenCountMax), ("new_tokens", newTokenCountMax),
    ]
    for (field, value) in counts { try refuse(value < 1, field, value, "at least 1") }
    try refuse(
      minibatchCount > sampleCountPerStep,
      "minibatches",
      minibatchCount,
      "at most the \(sampleCountPerStep) samples of a step"
    )
    try refuse(
      samplesPerPrompt < 2 && (!algorithm.hasCritic || scoreNormalization == .group),
      "samples_per_prompt",
      samplesPerPrompt,
      "at least 2 where answers to one prompt are compared"
    )
    let positive: [(String, Double)] = [
      ("temperature", Double(temperature)), ("learning_rate", learningRate),
      ("gradient_norm", gradientNormMax), ("clip_range", policyLoss.clipRange),
      ("clip_range_high", policyLoss.clipRangeHigh ?? 1),
      ("discount", advantages.discount), ("value_clip_range", valueLoss.clipRange ?? 1),
      ("reward_clip", rewards.clip ?? 1),
    ]
    for (field, value) in positive {
      try refuse(!(value > 0 && value.isFinite), field, value, "a number above 0")
    }
    let atLeastZero: [(String, Double)] = [
      ("value_coefficient", valueCoefficient), ("entropy_coefficient", entropyCoefficient),
      ("kl_coefficient", klCoefficient), ("kl_loss_coefficient", klLossCoefficient),
      ("value_learning_rate_factor", valueLearningRateFactor),
    ]
    for (field, value) in atLeastZero {
      try refuse(!(value >= 0 && value.isFinite), field, value, "a number of at least 0")
    }
    try refuse(!(0...1 ~= advantages.trace), "trace", advantages.trace, "between 0 and 1")
    try refuse(!(0...1 ~= warmupShare), "warmup_share", warmupShare, "between 0 and 1")
    if let constant = policyLoss.dualClip {
      try refuse(!(constant > 1), "dual_clip", constant, "a number above 1, or none")
    }
    try watch.check()
    if case .adaptive(let target, let horizon) = klControl {
      try refuse(!(target > 0), "kl_target", target, "a number above 0")
      let least = 0.2 * Double(sampleCountPerStep)
      try refuse(!(horizon > least), "kl_horizon", horizon, "above \(least), or it turns negative")
    }
  }
}

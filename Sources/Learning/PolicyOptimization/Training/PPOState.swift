package import LanguageModels
package import Tensors

/// Everything that a PPO run carries from step to step.
///
/// Randomness has no state of its own: each step draws from generators named by the run's seed and
/// the step's number, so a restored run goes on bit for bit.
package struct PPOState: Sendable, Equatable {
  /// The policy: an adapter on the base model.
  ///
  /// Without it the model is the reference.
  package var adapter: LowRankAdapter
  /// The value head on the policy's last hidden state.
  package var valueHead: ScalarHead
  /// Moments of the adapter.
  package var policyOptimiser: AdamW
  /// Moments of the value head.
  package var valueOptimiser: AdamW
  /// Steps made.
  package var step: Int
  /// Updates planned so far, the position in the learning-rate schedule.
  package var scheduledUpdateCount: Int
  /// Answers sampled so far.
  package var episodeCount: Int
  /// The KL coefficient.
  package var klController: KLController
  /// Running statistics of the rewards and the configuration they belong to.
  package var rewardState: RewardConditioning.State
  /// The position in the prompts.
  package var cursor: PromptCursor
  /// What the watch for gamed rewards has seen.
  package var watch: RewardWatch

  /// Starts a run: the policy equals the reference and all values are zero.
  package init(
    configuration: PPOConfiguration,
    model: ModelConfiguration,
    promptCount: Int
  ) {
    var seeds = SeededGenerator(seed: configuration.seed, streams: 0x706f_6c69_6379)
    adapter = LowRankAdapter(configuration.adapter, model: model, seed: seeds.next())
    valueHead = ScalarHead(zeroWidth: model.width)
    policyOptimiser = AdamW(adapter.parameters, configuration: configuration.optimiser)
    valueOptimiser = AdamW(valueHead.parameters, configuration: configuration.optimiser)
    step = 0
    scheduledUpdateCount = 0
    episodeCount = 0
    klController = KLController(
      control: configuration.klControl,
      coefficient: configuration.klCoefficient
    )
    rewardState = RewardConditioning.State()
    cursor = PromptCursor(promptCount: promptCount, seed: configuration.seed)
    watch = RewardWatch()
  }
}

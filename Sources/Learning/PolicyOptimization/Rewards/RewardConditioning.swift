/// Prepares scalarized rewards for PPO: missing-end policy, running mean and scale, clip; in that order.
package struct RewardConditioning: Sendable, Equatable {
  /// What an unfinished answer gets.
  package var missingEnd: MissingEndPolicy
  /// Whether the running mean is taken from rewards before they are scaled.
  ///
  /// Every answer carries exactly one reward, so a constant changes no optimum; but with a value head
  /// that starts at zero and a trace below one, a large constant would praise or blame tokens by
  /// their distance from the end.
  package var centersByRunningMean: Bool
  /// Whether rewards are divided by their running standard deviation.
  package var scalesByRunningDeviation: Bool
  /// Rewards are clipped to plus and minus this, or not at all.
  package var clip: Double?

  /// Creates the preparation; defaults follow the reference set-up of MORLAIF.
  package init(
    missingEnd: MissingEndPolicy = .keep,
    centersByRunningMean: Bool = true,
    scalesByRunningDeviation: Bool = true,
    clip: Double? = 10
  ) {
    self.missingEnd = missingEnd
    self.centersByRunningMean = centersByRunningMean
    self.scalesByRunningDeviation = scalesByRunningDeviation
    self.clip = clip
  }

  /// What has to survive between steps and in checkpoints.
  package struct State: Sendable, Equatable, Codable {
    /// Statistics of the rewards since the last change of configuration.
    package var statistics = RunningStatistics()
    /// The configuration that the statistics belong to.
    package var configurationVersion: String?

    /// Starts with nothing seen.
    package init() {}
  }

  /// Prepared rewards with what was done to them.
  package struct Result: Sendable, Equatable {
    /// One a sequence.
    package let rewards: [Double]
    /// Share of rewards that the clip changed.
    package let clippedShare: Double
    /// What was taken from the rewards before they were divided.
    package let center: Double
    /// What the rewards were divided by.
    package let scale: Double
    /// Whether the statistics started anew because the configuration changed.
    package let didReset: Bool
  }

  /// Prepares one batch of rewards that one configuration gave.
  ///
  /// A change of configuration starts the running statistics anew, because the two reward scales
  /// have nothing to do with each other (METHODS A(e)); this batch then warms them up itself.
  package func apply(
    _ rewards: [Double],
    isFinished: [Bool],
    configurationVersion: String,
    state: inout State
  ) -> Result {
    precondition(rewards.count == isFinished.count)
    let judged = zip(rewards, isFinished).map { missingEnd.apply($0, isFinished: $1) }
    var didReset = false
    if state.configurationVersion != configurationVersion {
      didReset = state.configurationVersion != nil
      state.statistics = RunningStatistics()
      state.configurationVersion = configurationVersion
    }
    state.statistics.add(judged)
    var scale = 1.0
    if scalesByRunningDeviation, let deviation = state.statistics.standardDeviation,
      deviation > Whitening.epsilon
    {
      scale = deviation
    }
    let center = centersByRunningMean ? state.statistics.mean : 0
    let scaled = judged.map { ($0 - center) / scale }
    guard let clip else {
      return Result(
        rewards: scaled,
        clippedShare: 0,
        center: center,
        scale: scale,
        didReset: didReset
      )
    }
    let clipped = scaled.map { min(max($0, -clip), clip) }
    let changed = zip(scaled, clipped).count { $0 != $1 }
    return Result(
      rewards: clipped,
      clippedShare: scaled.isEmpty ? 0 : Double(changed) / Double(scaled.count),
      center: center,
      scale: scale,
      didReset: didReset
    )
  }
}

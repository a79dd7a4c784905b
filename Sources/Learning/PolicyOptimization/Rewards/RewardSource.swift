/// One answer to be rewarded.
package struct RewardSample: Sendable, Equatable {
  /// The prompt's text as the user wrote it, without any template.
  package let prompt: String
  /// The answer's text without its end-of-turn token.
  package let response: String
  /// The answer's token ids, with the end-of-turn token if the model produced one.
  package let responseTokens: [Int32]
  /// Whether the model ended the answer itself.
  package let isFinished: Bool

  /// Creates a sample.
  package init(prompt: String, response: String, responseTokens: [Int32], isFinished: Bool) {
    self.prompt = prompt
    self.response = response
    self.responseTokens = responseTokens
    self.isFinished = isFinished
  }
}

/// Rewards of a batch with everything needed to explain them later.
package struct RewardBatch: Sendable, Equatable {
  /// The principles, the columns of `scores` and `contributions`.
  package let principles: [String]
  /// Raw scores, samples × principles, row-major.
  package let scores: [Double]
  /// (samples) scalarized rewards.
  package let rewards: [Double]
  /// What each principle added, samples × principles, row-major.
  package let contributions: [Double]
  /// Names the one configuration that gave all these rewards; a change restarts running statistics.
  package let configurationVersion: String

  /// Creates a batch.
  package init(
    principles: [String],
    scores: [Double],
    rewards: [Double],
    contributions: [Double],
    configurationVersion: String
  ) {
    self.principles = principles
    self.scores = scores
    self.rewards = rewards
    self.contributions = contributions
    self.configurationVersion = configurationVersion
  }

  /// Refuses a batch that does not fit the samples or holds a number that is not finite.
  func check(sampleCount: Int) throws(PolicyOptimizationError) {
    let width = principles.count
    guard rewards.count == sampleCount, scores.count == sampleCount * width,
      contributions.count == sampleCount * width
    else {
      throw .rewardShape(rewards: rewards.count, samples: sampleCount)
    }
    for (sample, reward) in rewards.enumerated() where !reward.isFinite {
      throw .nonFiniteReward(sample: sample, value: reward)
    }
    for (index, score) in scores.enumerated() where !score.isFinite {
      throw .nonFiniteScore(
        principle: principles[index % width],
        sample: index / width,
        value: score
      )
    }
  }
}

/// Where rewards come from; the trainer never makes one up.
package protocol RewardSource: Sendable {
  /// Rewards answers, all by one configuration.
  ///
  /// - Throws: any error when the rewards cannot be had; the trainer then stops without updating.
  func reward(_ samples: [RewardSample]) async throws -> RewardBatch
}

package import ServiceKit

/// The configuration file of the policy trainer.
package struct PolicyTrainerServiceConfiguration: ServiceConfiguration {
  /// The common sections; `peers.preference_model` and `peers.scalarizer` give the rewards.
  package var common: CommonConfiguration
  /// Path of the base model.
  package var model: String
  /// How rewards are fetched.
  var rewards: RewardLimits
  /// Most answers drawn at one time.
  var answersPerBatch: Int
  /// Most prompts of one request.
  var promptsMax: Int
  /// Longest answer that a request may ask for, in tokens.
  var answerTokensMax: Int

  private enum Keys: String, CodingKey, CaseIterable {
    case model
    case rewardWaitMaxSeconds = "reward_wait_max_seconds"
    case rewardCallTimeoutSeconds = "reward_call_timeout_seconds"
    case rewardItemsPerCall = "reward_items_per_call"
    case answersPerBatch = "answers_per_batch"
    case promptsMax = "prompts_max"
    case answerTokensMax = "answer_tokens_max"
  }

  /// Reads and checks the file.
  package init(from decoder: any Decoder) throws {
    common = try CommonConfiguration(from: decoder, besides: Keys.allCases.map(\.rawValue))
    let values = try SectionValues(
      decoder,
      keys: Keys.self,
      alsoKnown: CommonConfiguration.keyNames
    )
    model = try values.text(.model)
    rewards = RewardLimits()
    rewards.waitMax = .seconds(
      try values.number(.rewardWaitMaxSeconds, default: 600, in: 0...1e7)
    )
    rewards.callTimeout = .seconds(
      try values.number(.rewardCallTimeoutSeconds, default: 300, in: 0.1...1e6)
    )
    rewards.itemsPerCall = try values.number(.rewardItemsPerCall, default: 256, in: 1...65_536)
    answersPerBatch = try values.number(.answersPerBatch, default: 64, in: 1...4096)
    promptsMax = try values.number(.promptsMax, default: 65_536, in: 1...10_000_000)
    answerTokensMax = try values.number(.answerTokensMax, default: 4096, in: 1...1_000_000)
  }
}

/// How rewards are fetched from the two services.
package struct RewardLimits: Sendable {
  /// How long a batch waits for a service that cannot be had.
  package var waitMax = Duration.seconds(600)
  /// How long one call may take.
  package var callTimeout = Duration.seconds(300)
  /// Items of one call.
  package var itemsPerCall = 256
  /// The first pause between two tries, and the longest.
  package var pauses = Duration.milliseconds(200)...Duration.seconds(5)

  /// The defaults.
  package init() {}
}

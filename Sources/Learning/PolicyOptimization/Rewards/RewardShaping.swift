/// Spreads sequence rewards over tokens: KL penalty everywhere, the reward on the last token.
package enum RewardShaping {
  /// Computes `-coefficient (logp - logp_ref)` per token plus the reward on each last token.
  ///
  /// - Parameters:
  ///   - rewards: (S) one a sequence.
  ///   - policy: (N) log-probabilities when sampled, in nats.
  ///   - reference: (N) log-probabilities under the reference policy, at the same temperature.
  ///   - coefficient: reward units a nat.
  ///   - segments: the sequences; an empty one has no token to carry its reward.
  /// - Returns: (N) token rewards and the mean over sequences of the KL part alone.
  package static func tokenRewards(
    rewards: [Double],
    policy: [Float],
    reference: [Float],
    coefficient: Double,
    segments: TokenSegments
  ) -> (rewards: [Float], nonScoreReward: Double) {
    precondition(rewards.count == segments.count && policy.count == segments.tokenCount)
    precondition(reference.count == policy.count)
    var result = [Float](repeating: 0, count: policy.count)
    var penaltySum = 0.0
    for token in policy.indices {
      let penalty = -coefficient * (Double(policy[token]) - Double(reference[token]))
      result[token] = Float(penalty)
      penaltySum += penalty
    }
    for sequence in 0..<segments.count {
      guard let last = segments[sequence].last else { continue }
      result[last] += Float(rewards[sequence])
    }
    return (result, segments.count == 0 ? 0 : penaltySum / Double(segments.count))
  }
}

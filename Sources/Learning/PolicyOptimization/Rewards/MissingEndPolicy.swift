/// What happens to the reward of an answer that was cut off before its end-of-turn token.
package enum MissingEndPolicy: Sendable, Equatable, Codable {
  /// Nothing.
  case keep
  /// This much is taken from the reward, in units of the scalarized reward.
  case penalty(Double)
  /// The reward is replaced by this value.
  case replacement(Double)

  /// Applies the policy to one reward.
  package func apply(_ reward: Double, isFinished: Bool) -> Double {
    if isFinished { return reward }
    switch self {
    case .keep: return reward
    case .penalty(let amount): return reward - amount
    case .replacement(let value): return value
    }
  }
}

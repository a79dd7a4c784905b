/// How rewards become advantages, and where the KL penalty goes; everything else is shared.
package enum PolicyAlgorithm: String, Sendable, Equatable, CaseIterable, Codable {
  /// A value head and generalised advantage estimates; the KL penalty is in the token rewards.
  case ppo
  /// No critic: an answer is compared with the other answers to its prompt; the KL penalty, summed
  /// over its tokens, is in its reward.
  ///
  /// - Source: A. Ahmadian et al., arXiv 2402.14740.
  case rloo
  /// No critic: an answer is compared with its prompt's mean in units of their deviation; the KL
  /// penalty is a term of the loss.
  ///
  /// - Source: Z. Shao et al., arXiv 2402.03300, section 4.1.
  case grpo

  /// Whether a value head is trained.
  package var hasCritic: Bool { self == .ppo }

  /// Whether the KL penalty is a term of the loss instead of a part of the rewards.
  package var penalisesInLoss: Bool { self == .grpo }

  /// What advantages over a group are divided by, when nothing else is asked for.
  package var scaling: GroupAdvantages.Scaling { self == .grpo ? .group : .none }

  /// How token losses become one, when nothing else is asked for.
  ///
  /// RLOO takes an answer for one action, so that each of its tokens weighs the same however long the
  /// answer is.
  package var aggregation: LossAggregation {
    switch self {
    case .ppo: .tokens
    case .rloo: .constant
    case .grpo: .sequences
    }
  }
}

internal import Messages
internal import PolicyOptimization

// The contract's choices as the library's; nil leaves the choice to the library.

extension PolicyOptimization.PolicyAlgorithm {
  init?(_ message: Messages.PolicyAlgorithm) {
    switch message {
    case .ppo: self = .ppo
    case .rloo: self = .rloo
    case .grpo: self = .grpo
    default: return nil
    }
  }

  var message: Messages.PolicyAlgorithm {
    switch self {
    case .ppo: .ppo
    case .rloo: .rloo
    case .grpo: .grpo
    }
  }
}

extension PolicyOptimization.ScoreNormalization {
  init?(_ message: Messages.ScoreNormalization) {
    switch message {
    case .model: self = .model
    case .group: self = .group
    case .batch: self = .batch
    default: return nil
    }
  }

  var message: Messages.ScoreNormalization {
    switch self {
    case .model: .model
    case .group: .group
    case .batch: .batch
    }
  }
}

extension GroupAdvantages.Scaling {
  init?(_ message: AdvantageScaling) {
    switch message {
    case .group: self = .group
    case .batch: self = .batch
    case .none: self = .none
    default: return nil
    }
  }

  var message: AdvantageScaling {
    switch self {
    case .group: .group
    case .batch: .batch
    case .none: .none
    }
  }
}

extension PolicyOptimization.LossAggregation {
  init?(_ message: Messages.LossAggregation) {
    switch message {
    case .tokens: self = .tokens
    case .sequences: self = .sequences
    case .constant: self = .constant
    default: return nil
    }
  }

  var message: Messages.LossAggregation {
    switch self {
    case .tokens: .tokens
    case .sequences: .sequences
    case .constant: .constant
    }
  }
}

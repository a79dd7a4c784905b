/// Chooses the KL coefficient of the reward.
package enum KLControl: Sendable, Equatable, Codable {
  /// The coefficient never changes.
  case fixed
  /// The coefficient follows the KL (Ziegler et al., arXiv 1909.08593, section 2.2).
  case adaptive(target: Double, horizon: Double)
}

/// Holds the KL coefficient and moves it after each step.
package struct KLController: Sendable, Equatable, Codable {
  /// How the coefficient moves.
  package let control: KLControl
  /// Weight of `logp - logp_ref` in the token rewards, reward units a nat.
  package private(set) var coefficient: Double

  /// Starts from a coefficient.
  package init(control: KLControl, coefficient: Double) {
    self.control = control
    self.coefficient = coefficient
  }

  /// Moves the coefficient by the KL of the last rollouts.
  ///
  /// - Parameters:
  ///   - kl: sum over tokens, mean over sequences, in nats.
  ///   - sampleCount: sequences behind that mean.
  package mutating func update(kl: Double, sampleCount: Int) {
    guard case .adaptive(let target, let horizon) = control, kl.isFinite else { return }
    let error = min(max(kl / target - 1, -0.2), 0.2)
    coefficient *= 1 + error * Double(sampleCount) / horizon
  }
}

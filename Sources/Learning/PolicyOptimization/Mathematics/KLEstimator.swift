internal import Foundation

/// Estimates of KL(policy ‖ reference) from `d = logp - logp_ref` of a sampled token, in nats.
///
/// - Source: J. Schulman, "Approximating KL divergence", 2020. The reward uses `k1`, which is
///   unbiased; the non-negative `k3` is the monitor (METHODS C4).
package enum KLEstimator: String, Sendable, Equatable, CaseIterable, Codable {
  /// `d`: unbiased, of either sign.
  case k1
  /// `d² / 2`: biased, and its gradient is the gradient of the KL.
  case k2
  /// `exp(-d) - 1 + d`: unbiased and never negative; its gradient is not that of the KL.
  case k3

  /// Largest magnitude of `d` that enters an exponential.
  static let exponentMax: Double = 10

  /// The estimate for one token.
  package func value(_ difference: Double) -> Double {
    switch self {
    case .k1:
      return difference
    case .k2:
      return 0.5 * difference * difference
    case .k3:
      let clamped = min(max(difference, -Self.exponentMax), Self.exponentMax)
      return exp(-clamped) - 1 + clamped
    }
  }

  /// Derivative of `value` with respect to the policy's log-probability.
  package func derivative(_ difference: Double) -> Double {
    switch self {
    case .k1:
      return 1
    case .k2:
      return difference
    case .k3:
      return abs(difference) >= Self.exponentMax ? 0 : 1 - exp(-difference)
    }
  }

  /// Sum over each sequence's tokens, then mean over sequences, in nats per sequence.
  package func meanPerSequence(
    policy: [Float],
    reference: [Float],
    segments: TokenSegments
  ) -> Double {
    precondition(policy.count == segments.tokenCount && reference.count == policy.count)
    guard segments.count > 0 else { return 0 }
    var total = 0.0
    for token in policy.indices { total += value(Double(policy[token]) - Double(reference[token])) }
    return total / Double(segments.count)
  }
}

/// Generalised advantage estimates over packed sequences.
///
/// - Source: J. Schulman et al., arXiv 1506.02438. The value after a sequence's last token is zero,
///   because the episode ends there (METHODS 0.2).
package struct AdvantageEstimation: Sendable, Equatable {
  /// Discount gamma, in (0, 1].
  package var discount: Double
  /// Trace lambda, in [0, 1].
  package var trace: Double

  /// Creates an estimator.
  package init(discount: Double = 1, trace: Double = 0.95) {
    self.discount = discount
    self.trace = trace
  }

  /// Computes advantages and returns.
  ///
  /// - Parameters:
  ///   - rewards: (N) reward of each response token.
  ///   - values: (N) value of the state before each response token.
  ///   - segments: the sequences.
  /// - Returns: (N) advantages, not whitened, and (N) returns, `advantage + value`.
  package func estimate(
    rewards: [Float],
    values: [Float],
    segments: TokenSegments
  ) -> (advantages: [Float], returns: [Float]) {
    precondition(rewards.count == segments.tokenCount && values.count == rewards.count)
    var advantages = [Float](repeating: 0, count: rewards.count)
    var returns = advantages
    for sequence in 0..<segments.count {
      var nextValue = 0.0
      var running = 0.0
      for token in segments[sequence].reversed() {
        let value = Double(values[token])
        let delta = Double(rewards[token]) + discount * nextValue - value
        running = delta + discount * trace * running
        advantages[token] = Float(running)
        returns[token] = Float(running + value)
        nextValue = value
      }
    }
    return (advantages, returns)
  }
}

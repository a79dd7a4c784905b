internal import Foundation

/// The clipped surrogate loss of PPO with its gradient.
///
/// `L = Σ_t w_t max(-A r, -A clip(r, 1-ε, 1+ε_high))`, `r = exp(logp - logp_old)`; with dual clip a
/// token of negative advantage loses at most `c |A|`.
///
/// - Source: J. Schulman et al., arXiv 1707.06347, equation 7; dual clip: D. Ye et al.,
///   arXiv 1912.09729, equation 5; a higher upper bound: DAPO, arXiv 2503.14476.
package struct PolicyLoss: Sendable, Equatable {
  /// Clip range epsilon around a ratio of one.
  package var clipRange: Double
  /// Clip range above one where it differs from `clipRange`, or nil.
  package var clipRangeHigh: Double?
  /// Dual-clip constant c above one, or nil for none.
  package var dualClip: Double?
  /// Largest magnitude of the log-ratio before it is exponentiated.
  package var logRatioMax: Double

  /// Creates a loss.
  package init(
    clipRange: Double = 0.2,
    clipRangeHigh: Double? = nil,
    dualClip: Double? = 3,
    logRatioMax: Double = 20
  ) {
    self.clipRange = clipRange
    self.clipRangeHigh = clipRangeHigh
    self.dualClip = dualClip
    self.logRatioMax = logRatioMax
  }

  /// What one evaluation gives.
  package struct Result: Sendable {
    /// The loss: weighted sum over tokens.
    package var loss = 0.0
    /// (n) derivative of the loss by each log-probability.
    package var gradient: [Float] = []
    /// Tokens whose clipped branch is the larger one.
    package var clippedCount = 0
    /// Tokens held by the dual clip.
    package var dualClippedCount = 0
    /// Sum of the ratios.
    package var ratioSum = 0.0
    /// Sum of the squared ratios.
    package var ratioSquareSum = 0.0
    /// Largest ratio.
    package var ratioMax = 0.0
    /// Sum of half the squared log-ratio (k2 between old and new policy), in nats.
    package var approximateKLSum = 0.0
  }

  /// Evaluates some tokens of a minibatch.
  ///
  /// - Parameters:
  ///   - current: (n) log-probabilities under the policy being trained, in nats.
  ///   - old: (n) log-probabilities when the tokens were sampled, from the same kind of pass.
  ///   - advantages: (n) advantages.
  ///   - weights: (n) of each token's loss, for the whole minibatch, so that parts of it add up.
  /// - Returns: the sums and the gradient.
  package func evaluate(
    current: [Float],
    old: [Float],
    advantages: [Float],
    weights: [Double]
  ) -> Result {
    precondition(current.count == old.count && current.count == advantages.count)
    precondition(weights.count == current.count)
    let upper = 1 + (clipRangeHigh ?? clipRange)
    var result = Result()
    result.gradient = [Float](repeating: 0, count: current.count)
    for token in current.indices {
      let logRatio = Double(current[token]) - Double(old[token])
      let clamped = min(max(logRatio, -logRatioMax), logRatioMax)
      let ratio = exp(clamped)
      let advantage = Double(advantages[token])
      let plain = -advantage * ratio
      let clipped = -advantage * min(max(ratio, 1 - clipRange), upper)
      var loss = max(plain, clipped)
      var slope = plain >= clipped ? plain : 0
      if clipped > plain { result.clippedCount += 1 }
      if let dualClip, advantage < 0, loss > -advantage * dualClip {
        loss = -advantage * dualClip
        slope = 0
        result.dualClippedCount += 1
      }
      if abs(logRatio) > logRatioMax { slope = 0 }
      result.loss += weights[token] * loss
      result.gradient[token] = Float(weights[token] * slope)
      result.ratioSum += ratio
      result.ratioSquareSum += ratio * ratio
      result.ratioMax = max(result.ratioMax, ratio)
      result.approximateKLSum += KLEstimator.k2.value(logRatio)
    }
    return result
  }
}

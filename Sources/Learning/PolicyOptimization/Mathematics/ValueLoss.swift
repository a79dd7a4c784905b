/// The clipped squared error of the value head with its gradient.
///
/// `L = 0.5 Σ_t max((V-R)², (clip(V, V_old ± ε)-R)²) / N` (METHODS 0.2).
package struct ValueLoss: Sendable, Equatable {
  /// Clip range around the old value in reward units, or nil for none.
  package var clipRange: Double?

  /// Creates a loss.
  package init(clipRange: Double? = 0.2) {
    self.clipRange = clipRange
  }

  /// What one evaluation gives.
  package struct Result: Sendable {
    /// The loss: sum over tokens divided by the normaliser.
    package var loss = 0.0
    /// (n) derivative of the loss by each value.
    package var gradient: [Float] = []
    /// Tokens whose clipped error is the larger one.
    package var clippedCount = 0
  }

  /// Evaluates some tokens of a minibatch.
  ///
  /// - Parameters:
  ///   - values: (n) values of the head being trained.
  ///   - old: (n) values when the tokens were sampled.
  ///   - returns: (n) targets.
  ///   - normaliser: tokens of the whole minibatch.
  /// - Returns: the loss and the gradient.
  package func evaluate(
    values: [Float],
    old: [Float],
    returns: [Float],
    normaliser: Double
  ) -> Result {
    precondition(values.count == old.count && values.count == returns.count)
    var result = Result()
    result.gradient = [Float](repeating: 0, count: values.count)
    for token in values.indices {
      let value = Double(values[token])
      let error = value - Double(returns[token])
      var loss = error * error
      var slope = error
      if let clipRange {
        let before = Double(old[token])
        let clippedValue = min(max(value, before - clipRange), before + clipRange)
        let clippedError = clippedValue - Double(returns[token])
        if clippedError * clippedError > loss {
          loss = clippedError * clippedError
          slope = 0
          result.clippedCount += 1
        }
      }
      result.loss += 0.5 * loss / normaliser
      result.gradient[token] = Float(slope / normaliser)
    }
    return result
  }

  /// Share of the returns' variance that the values explain: one is perfect, zero a constant.
  package static func explainedVariance(values: [Float], returns: [Float]) -> Double {
    let target = Moments(returns).standardDeviation
    guard target > 0 else { return 0 }
    let residual = Moments(zip(returns, values).map { $0 - $1 }).standardDeviation
    return 1 - (residual * residual) / (target * target)
  }
}

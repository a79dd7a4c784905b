/// Frozen mean and standard deviation of a preference model's scores (METHODS C7).
///
/// Measured once over the training texts and stored with the adapter, so that a score means the
/// same wherever and whenever the adapter is served.
package struct ScoreNormaliser: Sendable, Equatable, Codable {
  /// Mean of the raw scores.
  package let mean: Double
  /// Standard deviation of the raw scores, above zero.
  package let standardDeviation: Double
  /// Texts behind the two numbers.
  package let textCount: Int

  /// Creates a normaliser from stored numbers.
  package init(mean: Double, standardDeviation: Double, textCount: Int) {
    self.mean = mean
    self.standardDeviation = standardDeviation
    self.textCount = textCount
  }

  /// Measures scores.
  ///
  /// - Throws: `PreferenceError.degenerateScores` when they are all equal or not finite.
  package init(measuring scores: [Double], principle: String) throws(PreferenceError) {
    let count = Double(scores.count)
    let center = scores.reduce(0, +) / max(count, 1)
    let variance = scores.reduce(0) { $0 + ($1 - center) * ($1 - center) } / max(count, 1)
    guard variance.isFinite, variance > 0 else { throw .degenerateScores(principle: principle) }
    mean = center
    standardDeviation = variance.squareRoot()
    textCount = scores.count
  }
}

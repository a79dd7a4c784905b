internal import Messages
internal import Preferences

extension PreferenceMetrics {
  /// The contract's form, with the 95 % Wilson interval of the accuracy.
  var message: PreferenceEvaluation {
    let (low, high) = Self.wilson(share: accuracy, count: untiedCount)
    return PreferenceEvaluation(
      pairs: UInt64(max(0, untiedCount)),
      ties: UInt64(max(0, pairCount - untiedCount)),
      accuracy: accuracy,
      accuracyLow: low,
      accuracyHigh: high,
      clearAccuracy: clearAccuracy,
      loss: loss,
      calibrationError: calibrationError,
      brierScore: brier,
      lengthCorrelation: lengthCorrelation ?? 0,
      byMargin: confusion.map { band in
        MarginBucket(
          marginLow: band.lower,
          marginHigh: band.upper,
          agree: UInt64(max(0, band.firstFirst + band.secondSecond)),
          disagree: UInt64(max(0, band.firstSecond + band.secondFirst))
        )
      }
    )
  }

  /// The Wilson score interval of a share at 95 %; 0 to 1 when nothing was counted.
  static func wilson(share: Double, count: Int) -> (low: Double, high: Double) {
    guard count > 0 else { return (0, 1) }
    let (z, n) = (1.959963984540054, Double(count))
    let center = (share + z * z / (2 * n)) / (1 + z * z / n)
    let spread =
      z * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot() / (1 + z * z / n)
    return (max(0, center - spread), min(1, center + spread))
  }
}

/// Mean and population standard deviation of all elements.
package struct Moments: Sendable, Equatable {
  /// Arithmetic mean; zero when there are no elements.
  package let mean: Double
  /// Population standard deviation (divides by n, as the first PPO code did).
  package let standardDeviation: Double

  /// Measures elements in two passes.
  package init(_ values: some Collection<Float>) {
    guard !values.isEmpty else {
      mean = 0
      standardDeviation = 0
      return
    }
    let count = Double(values.count)
    let center = values.reduce(0.0) { $0 + Double($1) } / count
    let variance = values.reduce(0.0) { $0 + (Double($1) - center) * (Double($1) - center) } / count
    mean = center
    standardDeviation = variance.squareRoot()
  }
}

/// Scales values to unit standard deviation.
package enum Whitening {
  /// Added to the standard deviation (METHODS C5).
  static let epsilon = 1e-8

  /// Divides by the standard deviation plus `epsilon`; every element counts, there are no pads.
  ///
  /// - Parameters:
  ///   - values: one per response token.
  ///   - shiftsMean: whether the result has mean zero (advantages) or keeps its mean (rewards).
  /// - Returns: the whitened values, same order.
  package static func whiten(_ values: [Float], shiftsMean: Bool = true) -> [Float] {
    let moments = Moments(values)
    let scale = 1 / (moments.standardDeviation + epsilon)
    let kept = shiftsMean ? 0 : moments.mean
    return values.map { Float((Double($0) - moments.mean) * scale + kept) }
  }
}

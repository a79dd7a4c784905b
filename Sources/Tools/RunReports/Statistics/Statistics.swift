/// Figures of a list of numbers.
package enum Statistics {
  /// Arithmetic mean; nil for an empty list.
  package static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// Population standard deviation; nil for an empty list.
  package static func standardDeviation(_ values: [Double]) -> Double? {
    guard let mean = mean(values) else { return nil }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count)).squareRoot()
  }

  /// Exponential moving average with the bias of its beginning removed.
  ///
  /// A smoothing of 0 keeps the values, 0.9 averages about ten.
  package static func movingAverage(_ values: [Double], smoothing: Double) -> [Double] {
    var sum = 0.0
    var weight = 0.0
    return values.map { value in
      sum = sum * smoothing + value * (1 - smoothing)
      weight = weight * smoothing + (1 - smoothing)
      return sum / weight
    }
  }
}

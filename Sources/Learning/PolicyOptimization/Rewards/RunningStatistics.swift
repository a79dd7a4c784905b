/// Mean and variance over every reward seen since the last reset (Chan's parallel update).
package struct RunningStatistics: Sendable, Equatable, Codable {
  /// Rewards seen.
  package private(set) var count: Int
  /// Mean of the rewards seen.
  package private(set) var mean: Double
  private var squareSum: Double

  /// Starts with nothing seen.
  package init() {
    count = 0
    mean = 0
    squareSum = 0
  }

  /// Unbiased standard deviation, or nil while fewer than two rewards were seen.
  package var standardDeviation: Double? {
    count < 2 ? nil : (squareSum / Double(count - 1)).squareRoot()
  }

  /// Adds a batch.
  package mutating func add(_ values: [Double]) {
    guard !values.isEmpty else { return }
    let added = Double(values.count)
    let batchMean = values.reduce(0, +) / added
    let batchSquares = values.reduce(0) { $0 + ($1 - batchMean) * ($1 - batchMean) }
    let seen = Double(count)
    let difference = batchMean - mean
    squareSum += batchSquares + difference * difference * seen * added / (seen + added)
    mean += difference * added / (seen + added)
    count += values.count
  }
}

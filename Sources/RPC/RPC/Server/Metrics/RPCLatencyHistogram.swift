/// How long calls took: counts between fixed bounds, so that two of them can be added up.
package struct RPCLatencyHistogram: Sendable, Equatable {
  /// Upper bounds in microseconds; what is above the last has a count of its own.
  package static let boundsMicroseconds: [Int64] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000, 300_000_000,
  ]

  /// One for each bound and one for what is above, not cumulative.
  package private(set) var counts = [Int](repeating: 0, count: boundsMicroseconds.count + 1)
  /// All durations together, in microseconds.
  package private(set) var sumMicroseconds: Int64 = 0

  /// Nothing measured yet.
  package init() {}

  /// All measurements.
  package var count: Int { counts.reduce(0, +) }

  /// Adds one duration.
  package mutating func record(microseconds: Int64) {
    // Most calls are short, so the search from below ends soon.
    var index = 0
    while index < Self.boundsMicroseconds.count, microseconds > Self.boundsMicroseconds[index] {
      index += 1
    }
    counts[index] += 1
    sumMicroseconds &+= max(0, microseconds)
  }
}

internal import Foundation

/// Times of single operations, and how long all of them took.
struct Sample: Sendable {
  /// Each operation's time in microseconds.
  private(set) var microseconds: [Double] = []
  /// Time on the clock for all of them, in seconds.
  private(set) var seconds = 0.0
  /// Operations done; more than there are times when they were timed in batches.
  private(set) var count = 0
  /// Processor time of client and server together, in seconds; 0 when it was not measured.
  var processorSeconds = 0.0

  /// Adds operations that were timed together.
  mutating func add(microseconds: [Double], count: Int, seconds: Double) {
    self.microseconds += microseconds
    self.count += count
    self.seconds += seconds
  }

  /// Operations in a second.
  var perSecond: Double { seconds > 0 ? Double(count) / seconds : 0 }

  /// Processor time of one operation, both processes together, in microseconds.
  var processorMicroseconds: Double { count > 0 ? processorSeconds / Double(count) * 1e6 : 0 }

  /// The time that `share` of the operations stay below, in microseconds.
  func quantile(_ share: Double) -> Double {
    let sorted = microseconds.sorted()
    guard !sorted.isEmpty else { return 0 }
    return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
  }
}

/// The clock of all benchmarks.
enum Stopwatch {
  /// Seconds since some moment in the past.
  static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
}

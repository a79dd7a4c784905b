internal import Messages
internal import Synchronization

/// How many pairs and labels there were.
struct LabelCount: Sendable {
  var pairs = 0
  var labels = 0
  var failures = 0
  /// Why the first pair that failed could not be judged.
  var firstFailure = ""
  var sampling = SamplingProgress()
}

/// A count that two tasks keep: one sends pairs, the other receives labels.
final class LabelCounter: Sendable {
  private let count = Mutex(LabelCount())

  /// Changes the count and returns it.
  @discardableResult
  func change(_ body: (inout LabelCount) -> Void) -> LabelCount {
    count.withLock { count in
      body(&count)
      return count
    }
  }
}

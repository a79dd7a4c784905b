/// Finds out whether the peer is still there (W34), without a clock of its own.
///
/// The driver says when something came and asks at the instants it is given. Times are nanoseconds
/// of any clock that only goes forward.
package struct KeepAlive: Sendable {
  /// What is to be done now.
  package enum Step: Sendable, Equatable {
    /// Nothing before this instant.
    case wait(until: UInt64)
    /// Send PING; nothing more before this instant.
    case ping(until: UInt64)
    /// The peer has been silent for two intervals.
    case dead
  }

  private let interval: UInt64
  private var lastReceived: UInt64
  private var pingSent: UInt64?

  /// Begins when the HELLOs are exchanged, with the silence in nanoseconds before a PING.
  package init(interval: UInt64, now: UInt64) {
    self.interval = interval
    lastReceived = now
  }

  /// Something came, whatever it was (W34).
  package mutating func received(now: UInt64) {
    lastReceived = now
    pingSent = nil
  }

  /// Judges the silence; to be asked again at the instant in the answer.
  package mutating func check(now: UInt64) -> Step {
    let since = pingSent ?? lastReceived
    let due = since.addingReportingOverflow(interval)
    guard !due.overflow, now >= due.partialValue else {
      return .wait(until: due.overflow ? .max : due.partialValue)
    }
    guard pingSent == nil else { return .dead }
    pingSent = now
    let next = now.addingReportingOverflow(interval)
    return .ping(until: next.overflow ? .max : next.partialValue)
  }
}

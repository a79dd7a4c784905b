internal import RPCWire
internal import Synchronization

/// What a server counts about one method.
final class RPCMethodMetrics: Sendable {
  private let state = Mutex(RPCMethodCounts())

  /// A call has arrived.
  func began() { state.withLock { $0.begun += 1 } }

  /// The client knows the outcome, or has left.
  func ended(_ code: StatusCode, microseconds: Int64) {
    state.withLock { counts in
      counts.endings[Int(code.rawValue)] += 1
      counts.latency.record(microseconds: microseconds)
    }
  }

  /// The counts as they stand.
  var counts: RPCMethodCounts { state.withLock { $0 } }
}

/// The counts of one method.
package struct RPCMethodCounts: Sendable, Equatable {
  /// Calls that arrived.
  package internal(set) var begun = 0
  /// Calls that ended, by the number of their status.
  package internal(set) var endings = [Int](repeating: 0, count: StatusCode.allCases.count)
  /// From arrival to the last word.
  package internal(set) var latency = RPCLatencyHistogram()

  /// Calls that ended with each code that occurred, by its name in WIRE.md.
  package var byCode: [(code: String, count: Int)] {
    StatusCode.allCases.compactMap { code in
      let count = endings[Int(code.rawValue)]
      return count > 0 ? (code.wireName, count) : nil
    }
  }
}

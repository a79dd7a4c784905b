import Logging
import Synchronization

/// Keeps what is logged, and lets tests wait for a line.
final class LogCapture: Sendable {
  private struct State {
    var lines: [String] = []
    var waiters: [UInt64: (part: String, continuation: CheckedContinuation<String, Never>)] = [:]
    var nextWaiterID: UInt64 = 0
  }

  private let state = Mutex(State())

  /// A logger that writes here, everything.
  var logger: Logger { Logger(label: "test") { _ in Handler(capture: self) } }

  /// Everything so far.
  var lines: [String] { state.withLock { $0.lines } }

  /// The first line, past or to come, that contains `part`; empty when the test's time is over.
  func line(with part: String) async -> String {
    let id = state.withLock { state in
      state.nextWaiterID += 1
      return state.nextWaiterID
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let found: String? = state.withLock { state in
          let found = state.lines.first { $0.contains(part) } ?? (Task.isCancelled ? "" : nil)
          if found == nil { state.waiters[id] = (part, continuation) }
          return found
        }
        if let found { continuation.resume(returning: found) }
      }
    } onCancel: {
      let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
      waiter?.continuation.resume(returning: "")
    }
  }

  private func add(_ line: String) {
    let ready = state.withLock { state in
      state.lines.append(line)
      let ready = state.waiters.filter { line.contains($0.value.part) }
      for id in ready.keys { state.waiters[id] = nil }
      return ready.values
    }
    for waiter in ready { waiter.continuation.resume(returning: line) }
  }

  private struct Handler: LogHandler {
    let capture: LogCapture
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(capture: LogCapture) { self.capture = capture }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let all = metadata.merging(event.metadata ?? [:]) { $1 }
      let pairs = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      capture.add("\(event.level) \(event.message) " + pairs.joined(separator: " "))
    }
  }
}

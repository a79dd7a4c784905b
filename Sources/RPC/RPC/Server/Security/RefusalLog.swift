package import Logging
internal import NIOCore
internal import Synchronization

/// Logs what was refused: each line up to so many a second, then their number.
///
/// Whoever is refused ten thousand times a second must not fill a disk with it; the counters tell all.
package final class RefusalLog: Sendable {
  private struct State {
    var secondBegan: NIODeadline
    var lineCount = 0
    var leftOut = 0
  }

  private let logger: Logger
  private let state = Mutex(State(secondBegan: .now()))

  /// Lines a second before the rest is only counted.
  static let linesPerSecondMax = 20

  /// Writes to `logger` at `warning`.
  package init(_ logger: Logger) { self.logger = logger }

  /// Logs one refusal.
  package func log(_ message: Logger.Message, _ metadata: Logger.Metadata) {
    let (isShown, leftOut) = state.withLock { state in
      let now = NIODeadline.now()
      var leftOut = 0
      if now - state.secondBegan >= .seconds(1) {
        leftOut = state.leftOut
        state = State(secondBegan: now)
      }
      state.lineCount += 1
      let isShown = state.lineCount <= RefusalLog.linesPerSecondMax
      if !isShown { state.leftOut += 1 }
      return (isShown, leftOut)
    }
    if leftOut > 0 {
      logger.warning("refusals not logged", metadata: ["rpc.count": "\(leftOut)"])
    }
    if isShown { logger.warning(message, metadata: metadata) }
  }
}

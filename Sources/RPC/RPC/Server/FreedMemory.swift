internal import CMalloc
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Gives the memory of many connections and calls that are gone back to the system.
///
/// glibc keeps what was freed in the middle of its heaps for later: after 3,000 handshakes that never
/// ended a service held 250 MB instead of 40, for good (measured). It is given back at the first quiet
/// second, since a busy server would take it again at once.
final class FreedMemory: Sendable {
  private struct State {
    var closedConnections = 0
    var isDue = false
  }

  private let metrics: RPCServerMetrics
  private let logger: Logger
  private let state = Mutex(State())

  /// Connections that leave enough behind to be worth the time: 40 KiB each in their handshake.
  private static let connectionsMin = 64
  /// Calls at once on one connection that do.
  static let callsMin = 64
  private static let pause = TimeAmount.seconds(1)
  /// What comes in a quiet second at most, in bytes.
  private static let quietBytesMax = 65_536
  /// After this many pauses without a quiet second it happens all the same.
  private static let pausesMax = 10

  /// Takes what tells a quiet second from a busy one; says at debug level when it has given memory back.
  init(metrics: RPCServerMetrics, logger: Logger) {
    self.metrics = metrics
    self.logger = logger
  }

  /// Notes that a connection is gone.
  func connectionClosed(on eventLoop: any EventLoop) {
    let isDue = state.withLock { state in
      state.closedConnections += 1
      return state.closedConnections >= FreedMemory.connectionsMin
    }
    if isDue { giveBackSoon(eventLoop) }
  }

  /// Notes that the last of `callsMin` calls or more of a connection has ended.
  func callsEnded(on eventLoop: any EventLoop) { giveBackSoon(eventLoop) }

  private func giveBackSoon(_ eventLoop: any EventLoop) {
    let isFirst = state.withLock { state in
      defer { state.isDue = true }
      return !state.isDue
    }
    if isFirst { wait(FreedMemory.pausesMax, eventLoop) }
  }

  private func wait(_ pauses: Int, _ eventLoop: any EventLoop) {
    let before = metrics.receivedByteCount
    eventLoop.scheduleTask(in: FreedMemory.pause) {
      let isQuiet = self.metrics.receivedByteCount - before <= FreedMemory.quietBytesMax
      guard isQuiet || pauses <= 1 else { return self.wait(pauses - 1, eventLoop) }
      self.state.withLock { $0 = State() }
      // It takes milliseconds for each heap, which no event loop has.
      NIOThreadPool.singleton.submit { [logger = self.logger] _ in
        malloc_trim(0)
        logger.debug("memory given back")
      }
    }
  }
}

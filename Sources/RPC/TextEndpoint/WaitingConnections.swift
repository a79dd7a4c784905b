internal import Logging
internal import NIOCore
internal import RPC
internal import Synchronization

/// The connections that have not asked yet; when there are too many, the one that has waited longest
/// goes.
///
/// Whoever connects and says nothing must not keep out who asks at once.
final class WaitingConnections: Sendable {
  private let countMax: Int
  private let dropped: @Sendable () -> Void
  private let refusals: RefusalLog
  /// In the order in which they came.
  private let channels = Mutex<[any Channel]>([])

  /// Holds at most `countMax`, and calls `dropped` for each that had to go.
  init(countMax: Int, logger: Logger, dropped: @escaping @Sendable () -> Void) {
    self.countMax = countMax
    self.dropped = dropped
    refusals = RefusalLog(logger)
  }

  /// Takes a connection in, and closes the oldest when there is no room.
  func add(_ channel: any Channel) {
    let oldest: (any Channel)? = channels.withLock { channels in
      channels.append(channel)
      return channels.count > countMax ? channels.removeFirst() : nil
    }
    guard let oldest else { return }
    drop(oldest, "\(countMax) others came")
    oldest.close(promise: nil)
  }

  /// The connection has asked, or is gone.
  func remove(_ channel: any Channel) {
    channels.withLock { channels in channels.removeAll { $0 === channel } }
  }

  /// Counts and logs a connection that is closed because it asked nothing.
  func drop(_ channel: any Channel, _ reason: String) {
    dropped()
    refusals.log(
      "connection without a request closed",
      [
        "http.peer": "\(channel.remoteAddress?.peerText ?? "unknown")", "http.reason": "\(reason)",
      ]
    )
  }
}

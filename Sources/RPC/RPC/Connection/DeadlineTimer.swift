internal import NIOCore

/// One timer for all calls of a connection.
///
/// It fires at the earliest deadline it has seen; the owner then ends what is due and says which
/// deadline is next. Calls that end in time cost nothing, and nothing grows with their number.
/// Confined to its event loop.
final class DeadlineTimer {
  private let eventLoop: any EventLoop
  private var scheduled: Scheduled<Void>?
  private var scheduledFor: NIODeadline?
  private let expire: () -> NIODeadline?

  /// A timer that is not running; `expire` ends the calls whose deadline has passed; returns the next deadline.
  init(_ eventLoop: any EventLoop, expire: @escaping () -> NIODeadline?) {
    self.eventLoop = eventLoop
    self.expire = expire
  }

  /// Makes sure the timer fires at `deadline` or before.
  func watch(_ deadline: NIODeadline) {
    if let scheduledFor, scheduledFor <= deadline { return }
    scheduled?.cancel()
    scheduledFor = deadline
    scheduled = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
      self.scheduledFor = nil
      self.scheduled = nil
      if let next = self.expire() { self.watch(next) }
    }
  }

  /// Stops for good.
  func cancel() {
    scheduled?.cancel()
    scheduled = nil
  }
}

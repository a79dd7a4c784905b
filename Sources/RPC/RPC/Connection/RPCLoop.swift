internal import NIOCore
internal import Synchronization

/// Runs handler tasks on a connection's event loop and gathers what they write into few flushes.
///
/// A job enqueued while the loop is reading frames runs when the frames of this read are done; every
/// connection that gained output is flushed after a number of jobs, and at the end of the turn.
/// Measured: a hop to the global pool and a flush per reply cost ten times the throughput, and one
/// flush for all calls of a turn half of it, because the peer idles meanwhile.
///
/// SAFETY: everything outside `inbox` is touched on the event loop's thread only; each method that
/// does so says how it got there.
@safe
final class RPCLoop: TaskExecutor, @unchecked Sendable {
  /// A connection that has bytes to write at the end of the turn.
  protocol Flushable: AnyObject {
    /// Writes what has gathered.
    func flushTurn()
  }

  private enum Work: Sendable {
    case job(UnownedJob)
    case operation(@Sendable () -> Void)
  }

  private struct Inbox {
    var work: [Work] = []
    var isWakeUpSent = false
  }

  let eventLoop: any EventLoop
  private let inbox = Mutex(Inbox())
  private var queue: [Work] = []
  private var flushables: [any Flushable] = []
  /// Inside a read or a drain, whose end looks after everything that is enqueued meanwhile.
  private var isInTurn = false
  private var isDraining = false
  private var isTurnScheduled = false

  /// After this many jobs a turn ends, so that a task that never waits cannot starve the sockets.
  private static let jobsPerTurnMax = 4_096
  /// After this many jobs what they wrote is sent, so that the peer works on it while this side works
  /// on the rest.
  private static let jobsPerFlushMax = 16

  /// A loop over an event loop.
  init(_ eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  /// Whether the caller is on this loop's thread.
  var isCurrent: Bool { eventLoop.inEventLoop }

  func enqueue(_ job: UnownedJob) { add(.job(job)) }

  /// Performs `operation` on the loop: at once when already there, else as soon as it can.
  func run(_ operation: @escaping @Sendable () -> Void) {
    if isCurrent { operation() } else { add(.operation(operation)) }
  }

  /// Performs `operation` on the loop, never before the caller returns.
  func runLater(_ operation: @escaping @Sendable () -> Void) { add(.operation(operation)) }

  /// Marks the beginning of a read, which `endTurn` follows; on the loop.
  func beginTurn() { isInTurn = true }

  /// Runs what has gathered and flushes the connections concerned.
  ///
  /// On the loop.
  func endTurn() {
    guard !isDraining else { return }
    isDraining = true
    isInTurn = true
    defer { isDraining = false }
    var budget = RPCLoop.jobsPerTurnMax
    var unflushed = 0
    var next = 0
    while true {
      if next == queue.count {
        queue.removeAll(keepingCapacity: queue.capacity <= RPCLoop.jobsPerTurnMax)
        next = 0
        takeInbox()
        if queue.isEmpty { flushAll() }
        if queue.isEmpty { break }
      }
      guard budget > 0 else { break }
      budget -= 1
      let work = queue[next]
      next += 1
      perform(work)
      unflushed += 1
      if unflushed == RPCLoop.jobsPerFlushMax {
        unflushed = 0
        flushAll()
      }
    }
    if next > 0 { queue.removeFirst(next) }
    isInTurn = false
    if !queue.isEmpty {
      flushAll()
      scheduleTurn()
    }
  }

  /// Asks for a flush of this connection at the end of the turn; on the loop.
  func flushLater(_ flushable: any Flushable) {
    flushables.append(flushable)
    if !isInTurn { scheduleTurn() }
  }

  private func add(_ work: Work) {
    if isCurrent {
      queue.append(work)
      if !isInTurn { scheduleTurn() }
      return
    }
    let needsWakeUp = inbox.withLock { inbox in
      inbox.work.append(work)
      defer { inbox.isWakeUpSent = true }
      return !inbox.isWakeUpSent
    }
    if needsWakeUp { eventLoop.execute { self.endTurn() } }
  }

  private func perform(_ work: Work) {
    switch work {
    case .job(let job): unsafe job.runSynchronously(on: asUnownedTaskExecutor())
    case .operation(let operation): operation()
    }
  }

  private func takeInbox() {
    inbox.withLock { inbox in
      guard inbox.isWakeUpSent else { return }
      inbox.isWakeUpSent = false
      swap(&inbox.work, &queue)
    }
  }

  private func flushAll() {
    var index = 0
    while index < flushables.count {
      flushables[index].flushTurn()
      index += 1
    }
    flushables.removeAll(keepingCapacity: true)
  }

  private func scheduleTurn() {
    guard !isTurnScheduled else { return }
    isTurnScheduled = true
    eventLoop.execute {
      self.isTurnScheduled = false
      self.endTurn()
    }
  }
}

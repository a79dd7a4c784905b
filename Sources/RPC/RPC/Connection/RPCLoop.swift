internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Runs handler tasks on a connection's event loop and ends each turn of it with one flush.
///
/// A job enqueued while the loop is reading frames runs when the frames of this read are done; then
/// every connection that gained output is flushed once. Measured: a hop to the global pool and a
/// flush per reply cost ten times the throughput (DESIGN 4).
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
  /// Until when the loop looks for input before it sleeps.
  private var watchfulUntil = NIODeadline.uptimeNanoseconds(0)
  private var isWatchful = false
  /// How often in a row it looked in vain, up to a limit, and for how many reads it will not look.
  private var vainWatches = 0
  private var readsToSleep = 0

  /// After this many jobs a turn ends, so that a task that never waits cannot starve the sockets.
  private static let jobsPerTurnMax = 4_096
  /// How long a loop that has just read looks for more instead of sleeping; nil with one processor,
  /// which the peer needs.
  ///
  /// Waking a thread takes longer than answering a small call. A loop without traffic sleeps as before,
  /// and one that looks in vain, because the peer is slow or the machine busy, soon looks only at one
  /// read in 256.
  private static let watchfulTime: TimeAmount? =
    System.coreCount > 1 ? .microseconds(25) : nil
  private static let vainWatchesMax = 8

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

  /// Ends the turn of a read, and looks out for the next.
  ///
  /// On the loop.
  func endReadTurn() {
    endTurn()
    guard let time = RPCLoop.watchfulTime else { return }
    if isWatchful {
      vainWatches = 0
      watchfulUntil = .now() + time
    } else if readsToSleep > 0 {
      readsToSleep -= 1
    } else {
      isWatchful = true
      watchfulUntil = .now() + time
      watch()
    }
  }

  /// Runs what has gathered and flushes the connections concerned.
  ///
  /// On the loop.
  func endTurn() {
    guard !isDraining else { return }
    isDraining = true
    isInTurn = true
    defer { isDraining = false }
    var budget = RPCLoop.jobsPerTurnMax
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

  /// A task that is always there keeps NIO from sleeping; between two of them it looks at the sockets.
  private func watch() {
    eventLoop.execute {
      guard NIODeadline.now() >= self.watchfulUntil else { return self.watch() }
      self.isWatchful = false
      self.vainWatches = min(self.vainWatches + 1, RPCLoop.vainWatchesMax)
      self.readsToSleep = (1 << self.vainWatches) - 1
    }
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

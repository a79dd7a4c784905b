internal import Foundation
internal import Synchronization

/// Runs heavy work on one thread of its own, in the order it was asked for.
///
/// Event loops never wait for numerical work, and the number of requests that wait is bounded.
package final class WorkThread: TaskExecutor, Sendable {
  private let name: String
  private let waitingMax: Int
  private let waiting = Mutex(0)
  private let jobs: JobQueue

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - name: what errors call it.
  ///   - waitingMax: requests under way or waiting, beyond which `perform` refuses.
  package init(name: String, waitingMax: Int) {
    self.name = name
    self.waitingMax = waitingMax
    let jobs = JobQueue()
    self.jobs = jobs
    let thread = Thread { jobs.run() }
    thread.name = name
    // Deep call stacks of numerical code get what the main thread has.
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit {
    jobs.stop()
  }

  /// Takes a job of the Swift runtime.
  package func enqueue(_ job: consuming ExecutorJob) {
    unsafe jobs.append(Job(work: UnownedJob(job), executor: asUnownedTaskExecutor()))
  }

  /// Runs `work` on the thread.
  ///
  /// - Throws: `ServiceKitError.queueFull`, or what `work` throws.
  package func perform<Result: Sendable>(
    _ work: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let hasRoom = waiting.withLock { count in
      guard count < waitingMax else { return false }
      count += 1
      return true
    }
    guard hasRoom else { throw ServiceKitError.queueFull(queue: name, lengthMax: waitingMax) }
    defer { waiting.withLock { $0 -= 1 } }
    return try await Offload.run(on: self, work)
  }

  /// Requests under way or waiting.
  package var waitingCount: Int {
    waiting.withLock { $0 }
  }
}

/// A job with the executor it belongs to.
///
/// SAFETY: the runtime keeps a job until it has run; the thread keeps the executor until then.
@safe private struct Job: Sendable {
  let work: UnownedJob
  let executor: UnownedTaskExecutor
}

/// The jobs of one thread.
private final class JobQueue: @unchecked Sendable {
  // SAFETY: `jobs` and `isStopped` are touched only while `condition` is locked.
  private let condition = NSCondition()
  private var jobs: [Job] = []
  private var isStopped = false

  func append(_ job: Job) {
    condition.lock()
    jobs.append(job)
    condition.signal()
    condition.unlock()
  }

  func stop() {
    condition.lock()
    isStopped = true
    condition.signal()
    condition.unlock()
  }

  func run() {
    while let batch = take() {
      for job in batch {
        unsafe job.work.runSynchronously(on: job.executor)
      }
    }
  }

  /// Waits for jobs and takes all of them; nil when the queue was stopped and is empty.
  private func take() -> [Job]? {
    condition.lock()
    defer { condition.unlock() }
    while jobs.isEmpty && !isStopped { condition.wait() }
    guard !jobs.isEmpty else { return nil }
    defer { jobs.removeAll(keepingCapacity: true) }
    return jobs
  }
}

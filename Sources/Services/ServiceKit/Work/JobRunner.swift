internal import ServiceLifecycle
internal import Synchronization

/// Runs one long job at a time that belongs to the service, not to the call that started it.
///
/// A caller attaches to the job by its id, reads every event from the beginning and may leave and come
/// back. When the service shuts down, the job is told to stop and the shutdown waits for it.
package final class JobRunner<Event: Sendable>: Service {
  /// A job with its events.
  package struct Job: Sendable {
    /// What callers attach by.
    package let id: String
    /// Everything the job reported.
    package let events: EventLog<Event>
    fileprivate let task: Task<Void, Never>
  }

  private struct State {
    var job: Job?
    var isRunning = false
    var isStopping = false
  }

  private let state = Mutex(State())
  private let requestStop: @Sendable () -> Void

  /// Makes a runner; `requestStop` asks the job under way to end soon, and must not block.
  package init(requestStop: @escaping @Sendable () -> Void) {
    self.requestStop = requestStop
  }

  /// The job under way, or the one that ran last.
  package var latest: Job? {
    state.withLock { $0.job }
  }

  /// The id of the job under way.
  package var runningID: String? {
    state.withLock { $0.isRunning ? $0.job?.id : nil }
  }

  /// Starts a job.
  ///
  /// The work reports through the log, which is finished for it. The error says whether another job
  /// runs or the service shuts down.
  @discardableResult
  package func start(
    id: String,
    _ body: @escaping @Sendable (EventLog<Event>) async -> Void
  ) throws(ServiceKitError) -> Job {
    let result = state.withLock { state -> Result<Job, ServiceKitError> in
      if state.isStopping { return .failure(.stopping) }
      if state.isRunning, let job = state.job { return .failure(.jobRunning(id: job.id)) }
      let events = EventLog<Event>()
      let task = Task {
        await body(events)
        self.finish(events)
      }
      let job = Job(id: id, events: events, task: task)
      state.job = job
      state.isRunning = true
      return .success(job)
    }
    return try result.get()
  }

  /// Waits for the service's shutdown, then stops the job and waits for its end.
  package func run() async throws {
    try? await gracefulShutdown()
    let job = state.withLock { state in
      state.isStopping = true
      return state.isRunning ? state.job : nil
    }
    guard let job else { return }
    requestStop()
    if Task.isCancelled { job.task.cancel() }
    await withTaskCancellationHandler {
      await job.task.value
    } onCancel: {
      job.task.cancel()
    }
  }

  /// Cancels the task of the job under way, for jobs that stop by cancellation.
  package func cancelRunning() {
    state.withLock { $0.isRunning ? $0.job?.task : nil }?.cancel()
  }

  private func finish(_ events: EventLog<Event>) {
    state.withLock { $0.isRunning = false }
    events.finish()
  }
}

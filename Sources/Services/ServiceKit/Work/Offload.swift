/// Moves work away from the event loop that a call came in on.
package enum Offload {
  /// Runs `work` on another executor, waits for it, and passes a cancellation on.
  ///
  /// A task of its own carries the executor, so everything that `work` calls runs there too.
  package static func run<Result: Sendable>(
    on executor: any TaskExecutor = globalConcurrentExecutor,
    _ work: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let task = Task(executorPreference: executor) { try await work() }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}

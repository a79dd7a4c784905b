internal import Messages
internal import Synchronization

/// What callers want of the run under way, and what the run says of itself.
final class RunControl: Sendable {
  /// What the run is doing.
  enum Activity: String, Sendable {
    case training
    case paused
    case waiting
  }

  /// A caller that waits for a checkpoint.
  private typealias CheckpointWaiter = CheckedContinuation<CheckpointReply, any Error>

  private struct State {
    var isPaused = false
    var isCancelled = false
    var isStopping = false
    var isOver = false
    var pendingSwap: ScalarizerLink?
    /// The last step whose rewards were given or are being given.
    var rewardedStep = 0
    var checkpointWaiters: [CheckpointWaiter] = []
    var activity = Activity.training
    var step = 0
  }

  private let state = Mutex(State())

  /// Whether the run has to end: as a caller or the shutdown wants it.
  var stopReason: PolicyTrainerServiceError? {
    state.withLock { $0.isStopping ? .stopping : $0.isCancelled ? .cancelled : nil }
  }

  /// Whether the service shuts down, so that not even the step under way may be finished.
  var isStopping: Bool { state.withLock { $0.isStopping } }

  /// Whether the run is held between two steps.
  var isPaused: Bool { state.withLock { $0.isPaused } }

  /// What the run is doing and how many steps it has made.
  var progress: (activity: Activity, step: Int) {
    state.withLock { ($0.activity, $0.step) }
  }

  /// Holds the run before its next step, or lets it go on.
  func setPaused(_ isPaused: Bool) {
    state.withLock { $0.isPaused = isPaused }
  }

  /// Ends the run after the step under way.
  func cancel() {
    state.withLock { $0.isCancelled = true }
  }

  /// Ends the run at once, because the service shuts down.
  func stop() {
    state.withLock { $0.isStopping = true }
  }

  /// Asks for another scalarizer; returns the first step whose rewards it gives.
  func swap(to link: ScalarizerLink) -> Int {
    state.withLock { state in
      state.pendingSwap = link
      return max(state.step, state.rewardedStep) + 1
    }
  }

  /// The rewards of the step under way are about to be asked for: takes the scalarizer that was asked
  /// for, if any, and keeps a later one for the next step.
  func beginRewards() -> ScalarizerLink? {
    state.withLock { state in
      state.rewardedStep = state.step + 1
      defer { state.pendingSwap = nil }
      return state.pendingSwap
    }
  }

  /// The rewards of the step under way could not be had, so another scalarizer may still give them.
  func abandonRewards() {
    state.withLock { $0.rewardedStep = $0.step }
  }

  /// Takes the scalarizer that was asked for, if any.
  func takeSwap() -> ScalarizerLink? {
    state.withLock { state in
      defer { state.pendingSwap = nil }
      return state.pendingSwap
    }
  }

  /// Waits until the run has written a checkpoint between two steps.
  func requestCheckpoint() async throws -> CheckpointReply {
    try await withCheckedThrowingContinuation { continuation in
      let isOver = state.withLock { state in
        if !state.isOver { state.checkpointWaiters.append(continuation) }
        return state.isOver
      }
      if isOver { continuation.resume(throwing: PolicyTrainerServiceError.noRun) }
    }
  }

  /// Whether someone waits for a checkpoint.
  var wantsCheckpoint: Bool { state.withLock { !$0.checkpointWaiters.isEmpty } }

  /// Answers those who wait for a checkpoint.
  func answerCheckpoints(_ result: Result<CheckpointReply, any Error>) {
    let waiters = state.withLock { state in
      defer { state.checkpointWaiters = [] }
      return state.checkpointWaiters
    }
    for waiter in waiters { waiter.resume(with: result) }
  }

  /// The run says what it does.
  func report(_ activity: Activity, step: Int) {
    state.withLock { state in
      state.activity = activity
      state.step = step
    }
  }

  /// The run is over; nobody waits any more.
  func finish() {
    state.withLock { $0.isOver = true }
    answerCheckpoints(.failure(PolicyTrainerServiceError.noRun))
  }
}

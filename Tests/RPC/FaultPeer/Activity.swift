import Synchronization

/// Handlers that have not returned, and whether the server has given memory back since the last of them did.
final class Activity: Sendable {
  private struct State {
    var running = 0
    var hasGivenBack = false
    var idleWaiters: [AsyncStream<Never>.Continuation] = []
    var restWaiters: [AsyncStream<Never>.Continuation] = []
  }

  private let state = Mutex(State())

  func began() {
    state.withLock { state in
      state.running += 1
      state.hasGivenBack = false
    }
  }

  func ended() {
    let waiters = state.withLock { state in
      state.running -= 1
      guard state.running == 0 else { return [AsyncStream<Never>.Continuation]() }
      defer { state.idleWaiters = [] }
      return state.idleWaiters
    }
    for waiter in waiters { waiter.finish() }
  }

  /// The server says so.
  func gaveMemoryBack() {
    let waiters = state.withLock { state in
      guard state.running == 0 else { return [AsyncStream<Never>.Continuation]() }
      state.hasGivenBack = true
      defer { state.restWaiters = [] }
      return state.restWaiters
    }
    for waiter in waiters { waiter.finish() }
  }

  /// Returns when no handler runs.
  func waitUntilIdle() async {
    let (idle, waiter) = AsyncStream.makeStream(of: Never.self)
    state.withLock { state in
      if state.running == 0 { waiter.finish() } else { state.idleWaiters.append(waiter) }
    }
    for await _ in idle {}
  }

  /// Returns when memory was given back and no handler has begun since.
  func waitUntilAtRest() async {
    let (rest, waiter) = AsyncStream.makeStream(of: Never.self)
    state.withLock { state in
      if state.hasGivenBack { waiter.finish() } else { state.restWaiters.append(waiter) }
    }
    for await _ in rest {}
  }
}

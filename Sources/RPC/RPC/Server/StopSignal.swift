internal import Synchronization

/// Something to wait for that happens once.
final class StopSignal: Sendable {
  private enum State {
    case waiting([CheckedContinuation<Void, Never>])
    case signalled
  }

  private let state = Mutex(State.waiting([]))

  /// Lets all who wait go on, now and later.
  func signal() {
    let waiters: [CheckedContinuation<Void, Never>] = state.withLock { state in
      defer { state = .signalled }
      if case .waiting(let waiters) = state { return waiters }
      return []
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns when the signal has been given.
  func wait() async {
    await withCheckedContinuation { continuation in
      let isSignalled = state.withLock { state in
        guard case .waiting(let waiters) = state else { return true }
        state = .waiting(waiters + [continuation])
        return false
      }
      if isSignalled { continuation.resume() }
    }
  }
}

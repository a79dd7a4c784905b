internal import Synchronization

/// A counting semaphore for tasks: waits in order of arrival, and stops waiting when cancelled.
package final class AsyncPermits: Sendable {
  private struct State {
    var available: Int
    var nextID: UInt64 = 0
    var waiting: [(id: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
    /// Waiters cancelled before they could be enqueued.
    var cancelledEarly: Set<UInt64> = []
  }

  private let state: Mutex<State>

  /// Creates a semaphore with at least one permit.
  package init(count: Int) { state = Mutex(State(available: max(1, count))) }

  /// Takes one permit, waiting for it if there is none.
  package func acquire() async throws(LabelingError) {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    let granted = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Bool? = state.withLock { state in
          if state.cancelledEarly.remove(id) != nil { return false }
          if state.available > 0 {
            state.available -= 1
            return true
          }
          state.waiting.append((id, continuation))
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
        guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
          state.cancelledEarly.insert(id)
          return nil
        }
        return state.waiting.remove(at: index).continuation
      }
      waiter?.resume(returning: false)
    }
    // A cancellation that came after the answer leaves its mark behind; wipe it.
    state.withLock { _ = $0.cancelledEarly.remove(id) }
    if !granted { throw .cancelled }
  }

  /// Gives a permit back.
  package func release() {
    let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      if state.waiting.isEmpty {
        state.available += 1
        return nil
      }
      return state.waiting.removeFirst().continuation
    }
    waiter?.resume(returning: true)
  }
}

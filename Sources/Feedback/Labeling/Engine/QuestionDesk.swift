internal import Synchronization

/// Sees to it that a question asked by several callers at once is put to the judge once.
///
/// The first to claim a key owns it and must settle it; the others wait for the outcome.
final class QuestionDesk: Sendable {
  typealias Outcome = Result<Verdict, LabelingError>

  private struct Waiter {
    var id: UInt64
    var continuation: CheckedContinuation<Outcome, Never>
  }

  private struct State {
    var open: [VerdictKey: [Waiter]] = [:]
    var nextID: UInt64 = 0
  }

  private let state = Mutex(State())

  /// Claims keys and returns those that the caller now owns.
  func claim(_ keys: some Sequence<VerdictKey>) -> Set<VerdictKey> {
    state.withLock { state in
      var owned: Set<VerdictKey> = []
      for key in keys where state.open[key] == nil {
        state.open[key] = []
        owned.insert(key)
      }
      return owned
    }
  }

  /// Ends the ownership of a key and tells everyone who waits for it.
  func settle(_ key: VerdictKey, _ outcome: Outcome) {
    let waiters = state.withLock { $0.open.removeValue(forKey: key) } ?? []
    for waiter in waiters { waiter.continuation.resume(returning: outcome) }
  }

  /// Waits for the owner of a key to settle it.
  ///
  /// - Returns: nil when nobody owns the key any more, so that the store has to be asked again;
  ///   `.failure(.cancelled)` when the caller or the owner was cancelled.
  func outcome(of key: VerdictKey) async -> Outcome? {
    let id = state.withLock { state -> UInt64? in
      guard state.open[key] != nil else { return nil }
      state.nextID += 1
      return state.nextID
    }
    guard let id else { return nil }
    let gone = Outcome.failure(.cancelled)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isWaiting = state.withLock { state in
          if Task.isCancelled || state.open[key] == nil { return false }
          state.open[key]?.append(Waiter(id: id, continuation: continuation))
          return true
        }
        if !isWaiting { continuation.resume(returning: gone) }
      }
    } onCancel: {
      let waiter = state.withLock { state -> Waiter? in
        guard let index = state.open[key]?.firstIndex(where: { $0.id == id }) else { return nil }
        return state.open[key]?.remove(at: index)
      }
      waiter?.continuation.resume(returning: gone)
    }
  }
}

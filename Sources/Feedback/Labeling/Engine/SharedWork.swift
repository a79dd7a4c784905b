internal import Synchronization

/// Runs one piece of work for each key however many ask for it at once, and gives all of them its
/// result.
///
/// The work is cancelled when everybody who waited for it has gone.
final class SharedWork<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private struct Entry {
    var task: Task<Void, Never>?
    var waiting: [UInt64: CheckedContinuation<Value?, Never>] = [:]
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var nextID: UInt64 = 0
  }

  private let state = Mutex(State())

  /// The result of the work of a key, which is started unless it is under way.
  ///
  /// - Returns: nil when the caller was cancelled.
  func value(for key: Key, _ work: @escaping @Sendable () async -> Value) async -> Value? {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isWaiting = state.withLock { state in
          if Task.isCancelled { return false }
          let isNew = state.entries[key] == nil
          state.entries[key, default: Entry()].waiting[id] = continuation
          if isNew {
            state.entries[key]?.task = Task { self.finish(key, await work()) }
          }
          return true
        }
        if !isWaiting { continuation.resume(returning: nil) }
      }
    } onCancel: {
      leave(key, id)
    }
  }

  private func finish(_ key: Key, _ value: Value) {
    let entry = state.withLock { $0.entries.removeValue(forKey: key) }
    for continuation in entry?.waiting.values ?? [:].values {
      continuation.resume(returning: value)
    }
  }

  private func leave(_ key: Key, _ id: UInt64) {
    let continuation = state.withLock { state -> CheckedContinuation<Value?, Never>? in
      let continuation = state.entries[key]?.waiting.removeValue(forKey: id)
      if let entry = state.entries[key], entry.waiting.isEmpty { entry.task?.cancel() }
      return continuation
    }
    continuation?.resume(returning: nil)
  }
}

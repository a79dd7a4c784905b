internal import Foundation
internal import Synchronization

/// The events of one job: they are kept in order, and any number of listeners reads them from the
/// beginning at their own pace.
package final class EventLog<Event: Sendable>: Sendable {
  private struct State {
    var events: [Event] = []
    var isFinished = false
    var waiters: [UUID: CheckedContinuation<Void, Never>] = [:]

    mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
      defer { waiters = [:] }
      return Array(waiters.values)
    }
  }

  private let state = Mutex(State())

  /// Starts an empty log.
  package init() {}

  /// Adds an event and wakes the listeners; events after `finish` are dropped.
  package func append(_ event: Event) {
    let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      guard !state.isFinished else { return [] }
      state.events.append(event)
      return state.takeWaiters()
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Says that no event will follow.
  package func finish() {
    let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.isFinished = true
      return state.takeWaiters()
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Gives every event to `body`, past ones first, until the log is finished.
  ///
  /// - Throws: what `body` throws, or `CancellationError`.
  package func forEach(_ body: (Event) async throws -> Void) async throws {
    var position = 0
    while let event = try await next(after: position) {
      position += 1
      try await body(event)
    }
  }

  /// Waits until the log is finished.
  package func waitUntilFinished() async throws {
    try await forEach { _ in }
  }

  private func next(after position: Int) async throws -> Event? {
    while true {
      try Task.checkCancellation()
      let (event, isFinished) = state.withLock { state in
        (position < state.events.count ? state.events[position] : nil, state.isFinished)
      }
      if let event { return event }
      if isFinished { return nil }
      await wait(beyond: position)
    }
  }

  private func wait(beyond position: Int) async {
    let id = UUID()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          let isReady = position < state.events.count || state.isFinished || Task.isCancelled
          if !isReady { state.waiters[id] = continuation }
          return isReady
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
    }
  }
}

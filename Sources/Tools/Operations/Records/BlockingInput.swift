internal import Dispatch
internal import Synchronization

/// Waits for input that may never come without keeping one of the few threads that tasks share.
package enum BlockingInput {
  /// Runs `read` on a thread that may block, and returns what it returns.
  ///
  /// When the task is cancelled this ends at once; `read` is left to its end, and what it reads is lost.
  ///
  /// - Throws: `CancellationError`, or what `read` throws.
  package static func wait<Input: Sendable>(
    _ read: @escaping @Sendable () throws -> Input
  ) async throws -> Input {
    let answer = Answer<Input>()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        answer.expect(waiter)
        DispatchQueue.global().async { answer.give(Result { try read() }) }
      }
    } onCancel: {
      answer.give(.failure(CancellationError()))
    }
  }
}

/// Resumes a waiter with the first of several results, whichever comes before the other.
private final class Answer<Value: Sendable>: Sendable {
  private enum State {
    case open
    case awaited(CheckedContinuation<Value, any Error>)
    case given(Result<Value, any Error>)
    case over
  }

  private let state = Mutex(State.open)

  func expect(_ waiter: CheckedContinuation<Value, any Error>) {
    let result: Result<Value, any Error>? = state.withLock { state in
      guard case .given(let result) = state else {
        state = .awaited(waiter)
        return nil
      }
      state = .over
      return result
    }
    if let result { waiter.resume(with: result) }
  }

  func give(_ result: Result<Value, any Error>) {
    let waiter: CheckedContinuation<Value, any Error>? = state.withLock { state in
      switch state {
      case .open:
        state = .given(result)
        return nil
      case .awaited(let waiter):
        state = .over
        return waiter
      case .given, .over: return nil
      }
    }
    waiter?.resume(with: result)
  }
}

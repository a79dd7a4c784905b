internal import RPCWire
internal import Synchronization

/// Messages of one call that the application has not read, and the one reader that may wait.
///
/// What is held here is bounded by the call's window (W30): each message read gives its window back.
final class InboundMessages: Sendable {
  /// A message as it came.
  struct Item: Sendable {
    let bytes: [UInt8]
    let cost: Int
    /// Inflated when the application takes the message, so that what waits stays small (W41).
    var isCompressed = false
  }

  @safe
  private struct State {
    var items = Fifo<Item>()
    /// Set when no more will come: nil error at the proper end.
    var end: End?
    var reader: UnsafeContinuation<Result<Item?, RPCError>, Never>?
  }

  private enum End {
    case finished
    case failed(RPCError)
  }

  private let state = Mutex(State())
  private let takenHandler = Mutex<TakenHandler?>(nil)

  /// A closure in a struct: a bare one would be wrapped once more each time it passes through the lock,
  /// so that a stream would slow down with every message (measured).
  private struct TakenHandler: Sendable {
    let call: @Sendable (Int) -> Void
  }

  /// Without messages.
  init() {}

  /// Has `handler` called with the cost of each message that is read; set before the first.
  func onTaken(_ handler: @escaping @Sendable (Int) -> Void) {
    takenHandler.withLock { $0 = TakenHandler(call: handler) }
  }

  /// Adds a message; dropped after the end.
  func push(_ item: Item) {
    let reader: UnsafeContinuation<Result<Item?, RPCError>, Never>? = unsafe state.withLock {
      state in
      guard state.end == nil else { return nil }
      if let reader = unsafe state.reader {
        unsafe state.reader = nil
        return unsafe reader
      }
      state.items.append(item)
      return nil
    }
    guard let reader = unsafe reader else { return }
    giveBack(item.cost)
    unsafe reader.resume(returning: .success(item))
  }

  /// No more messages: nil for the proper end.
  ///
  /// The reader sees the end after what is waiting.
  func finish(_ error: RPCError?) {
    let reader: UnsafeContinuation<Result<Item?, RPCError>, Never>? = unsafe state.withLock {
      state in
      guard state.end == nil else { return nil }
      if let error {
        state.end = .failed(error)
      } else {
        state.end = .finished
      }
      defer { unsafe state.reader = nil }
      return unsafe state.reader
    }
    unsafe reader?.resume(returning: error.map { .failure($0) } ?? .success(nil))
  }

  /// Whether the end has come, read or not.
  var hasEnded: Bool { state.withLock { $0.end != nil } }

  /// Whether the peer has ended with success.
  var hasEndedProperly: Bool {
    state.withLock { if case .finished = $0.end { true } else { false } }
  }

  /// The next message; nil at the end.
  ///
  /// One reader at a time.
  func next() async throws(RPCError) -> Item? {
    if let item = state.withLock({ $0.items.popFirst() }) {
      giveBack(item.cost)
      return item
    }
    let result = await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation {
        (continuation: UnsafeContinuation<Result<Item?, RPCError>, Never>) in
        unsafe wait(continuation)
      }
    } onCancel: {
      cancelReader()
    }
    return try result.get()
  }

  private func giveBack(_ cost: Int) {
    let handler = takenHandler.withLock { $0 }
    handler?.call(cost)
  }

  private func wait(_ continuation: UnsafeContinuation<Result<Item?, RPCError>, Never>) {
    let result: Result<Item?, RPCError>? = state.withLock { state in
      if Task.isCancelled { return .failure(InboundMessages.cancelled) }
      if let item = state.items.popFirst() { return .success(item) }
      switch state.end {
      case .finished: return .success(nil)
      case .failed(let error): return .failure(error)
      case nil: break
      }
      guard unsafe state.reader == nil else { return .failure(InboundMessages.secondReader) }
      unsafe state.reader = unsafe continuation
      return nil
    }
    guard let result else { return }
    if case .success(let item?) = result { giveBack(item.cost) }
    unsafe continuation.resume(returning: result)
  }

  private func cancelReader() {
    let reader = unsafe state.withLock { state in
      defer { unsafe state.reader = nil }
      return unsafe state.reader
    }
    unsafe reader?.resume(returning: .failure(InboundMessages.cancelled))
  }

  private static let cancelled = RPCError(
    code: .cancelled,
    message: "the task that read was cancelled"
  )
  private static let secondReader = RPCError(
    code: .internal,
    message: "a stream has one reader at a time"
  )
}

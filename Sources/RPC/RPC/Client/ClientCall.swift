internal import LargeMemory
internal import NIOCore
internal import RPCWire

/// One call at the client, from the caller's wish until its outcome.
///
/// Subclasses say what to do with replies and with the outcome.
///
/// SAFETY: after it was handed to a connection it is touched on that connection's loop only.
@safe
class ClientCall: @unchecked Sendable {
  let method: RPCMethod
  let metadata: [MetadataEntry]
  /// When the caller's time runs out.
  let deadline: NIODeadline?
  /// First message and whether it is the only one.
  var firstMessage: ScatteredBytes?
  let endsWithFirstMessage: Bool
  /// Nil until the call is open.
  var callID: UInt64?
  /// Whether the outcome is known.
  private(set) var isOver = false
  /// Set before the call came to its connection.
  var isCancelled = false

  /// A call that has not been sent.
  init(
    method: RPCMethod,
    metadata: [MetadataEntry],
    deadline: NIODeadline?,
    firstMessage: ScatteredBytes?,
    endsWithFirstMessage: Bool
  ) {
    self.method = method
    self.metadata = metadata
    self.deadline = deadline
    self.firstMessage = firstMessage
    self.endsWithFirstMessage = endsWithFirstMessage
  }

  /// The outcome, exactly once.
  final func end(_ outcome: Result<Void, RPCError>) {
    guard !isOver else { return }
    isOver = true
    firstMessage = nil
    ended(outcome)
  }

  /// The call has an id; writers may go.
  func opened(_ callID: UInt64, on channel: WireChannel, isMachineBusy: Bool) {
    self.callID = callID
  }

  /// A reply; the bytes are gone when this returns.
  ///
  /// - Returns: whether its window may be given back at once.
  func received(_ bytes: RawSpan, cost: Int, isCompressed: Bool) -> Bool { true }

  /// The machine has written the message it held.
  func writeCompleted() {}

  /// The outcome, for subclasses.
  func ended(_ outcome: Result<Void, RPCError>) {}
}

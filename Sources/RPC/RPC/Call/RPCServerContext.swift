/// What a handler knows about its call besides the messages.
public struct RPCServerContext: Sendable {
  /// The method called.
  public let method: RPCMethod
  /// Who calls.
  public let peer: RPCPeer
  /// What the client sent with the call.
  public let metadata: RPCMetadata
  /// When the caller's time runs out; nil when it set none.
  ///
  /// The handler's task is cancelled then.
  public let deadline: ContinuousClock.Instant?

  /// Time left for an onward call; nil when the caller set no deadline (W24).
  public var timeLeft: Duration? {
    deadline.map { max(.zero, $0 - ContinuousClock.now) }
  }
}

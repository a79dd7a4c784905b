/// What a caller may say about one call.
public struct RPCCallOptions: Sendable {
  /// Time for the whole call, retries included; nil takes the client's default.
  public var timeout: Duration?
  /// Sent with the call.
  public var metadata: RPCMetadata
  /// Sends a read to a second endpoint when the first takes long; nil takes the method's policy.
  public var hedging: RPCHedgingPolicy?

  /// States timeout, metadata and hedging.
  public init(
    timeout: Duration? = nil,
    metadata: RPCMetadata = [:],
    hedging: RPCHedgingPolicy? = nil
  ) {
    self.timeout = timeout
    self.metadata = metadata
    self.hedging = hedging
  }
}

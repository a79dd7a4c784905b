/// What a caller may say about one call.
public struct RPCCallOptions: Sendable {
  /// Time for the whole call, retries included; nil takes the client's default.
  public var timeout: Duration?
  /// Sent with the call.
  public var metadata: RPCMetadata

  /// States timeout and metadata.
  public init(timeout: Duration? = nil, metadata: RPCMetadata = [:]) {
    self.timeout = timeout
    self.metadata = metadata
  }
}

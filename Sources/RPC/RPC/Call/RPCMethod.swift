/// How many messages go each way in a method.
public enum RPCMethodKind: Sendable, Hashable {
  /// One request, one reply.
  case unary
  /// One request, many replies.
  case serverStreaming
  /// Many requests, one reply.
  case clientStreaming
  /// Many of both, in any order.
  case bidirectional
}

/// A method of a service, as both sides name it.
public struct RPCMethod: Sendable, Hashable {
  /// Full service name: "morlaif.v1.Scalarizer".
  public let service: String
  /// Method name without the service: "Scalarize".
  public let name: String
  /// How many messages go each way.
  public let kind: RPCMethodKind
  /// Whether calling twice is as good as once, so that the client may send a call again by itself.
  public let isIdempotent: Bool
  /// Whether calling changes nothing at all, so that the client may send a call to two servers at once.
  public let isReadOnly: Bool
  /// What travels in a CALL: "morlaif.v1.Scalarizer/Scalarize".
  public let fullName: String

  /// Names a method.
  ///
  /// A read is idempotent by its nature.
  public init(
    service: String,
    name: String,
    kind: RPCMethodKind,
    isIdempotent: Bool = false,
    isReadOnly: Bool = false
  ) {
    self.service = service
    self.name = name
    self.kind = kind
    self.isIdempotent = isIdempotent || isReadOnly
    self.isReadOnly = isReadOnly
    self.fullName = "\(service)/\(name)"
  }
}

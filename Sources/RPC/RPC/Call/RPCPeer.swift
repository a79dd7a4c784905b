/// Who is at the other end of a connection.
public struct RPCPeer: Sendable, Hashable {
  /// What a verified certificate says about its owner.
  public struct Identity: Sendable, Hashable {
    /// Common name of the subject; empty when it has none.
    public let commonName: String
    /// DNS names and addresses.
    public let alternativeNames: [String]
  }

  /// Address and port as text, for logs.
  public let address: String
  /// Nil when the peer showed no certificate.
  public let identity: Identity?
}

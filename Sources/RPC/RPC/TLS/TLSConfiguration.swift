/// Where a side of a connection finds its identity and whom it trusts (W1, W2, W3).
///
/// All files are PEM. Paths rather than contents, so that secrets are read once, by OpenSSL, and
/// never pass through logs or configuration dumps.
public struct TLSConfiguration: Sendable, Hashable {
  /// This side's certificate chain, leaf first.
  ///
  /// A server needs one; a client when the server asks.
  public var certificatePath: String?
  /// The key of the leaf certificate.
  public var keyPath: String?
  /// Certificates of the authorities this side trusts.
  ///
  /// A server with a CA demands a client certificate signed by it; a client without one trusts the
  /// system's authorities.
  public var caPath: String?
  /// Name or address the server's certificate must carry, when it differs from the host dialled.
  public var serverName: String?

  /// States the files of one side.
  public init(
    certificatePath: String? = nil,
    keyPath: String? = nil,
    caPath: String? = nil,
    serverName: String? = nil
  ) {
    self.certificatePath = certificatePath
    self.keyPath = keyPath
    self.caPath = caPath
    self.serverName = serverName
  }
}

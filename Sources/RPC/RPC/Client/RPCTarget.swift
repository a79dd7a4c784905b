/// Where a service is.
public struct RPCTarget: Sendable, Hashable, CustomStringConvertible {
  /// Name or address.
  public var host: String
  /// TCP port.
  public var port: Int
  /// Whether every address of the name is an endpoint of its own, which calls are spread over.
  ///
  /// Otherwise the first address that answers is used.
  public var usesAllAddresses: Bool

  /// Names a host and port.
  public init(host: String, port: Int, usesAllAddresses: Bool = false) {
    self.host = host
    self.port = port
    self.usesAllAddresses = usesAllAddresses
  }

  /// "host:port".
  public var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

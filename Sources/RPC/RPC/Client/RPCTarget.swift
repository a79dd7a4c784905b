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

  /// What errors and logs call the service beside its address; nil when nobody has said.
  public var service: String?

  /// Names a host and port.
  public init(
    host: String,
    port: Int,
    usesAllAddresses: Bool = false,
    service: String? = nil
  ) {
    self.host = host
    self.port = port
    self.usesAllAddresses = usesAllAddresses
    self.service = service
  }

  /// "host:port", after the service's name where it is known: "scalarizer at host:port".
  public var description: String {
    let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    return service.map { "\($0) at \(address)" } ?? address
  }
}

/// What to dial, and whose certificate to expect there.
struct EndpointAddress: Sendable, Hashable, CustomStringConvertible {
  /// Where to connect.
  let target: RPCTarget
  /// Name or address the server's certificate must carry (W3).
  let serverName: String

  /// Host and port.
  var description: String { target.description }
}

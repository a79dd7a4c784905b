/// What can go wrong with a `TextEndpoint`.
package enum TextEndpointError: Error, Equatable, CustomStringConvertible {
  /// The address is taken, or is none of this machine.
  case cannotListen(address: String, reason: String)

  /// What is wrong, in one line.
  package var description: String {
    switch self {
    case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
    }
  }
}

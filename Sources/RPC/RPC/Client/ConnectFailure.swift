internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Says in words why no address of a name could be connected to, or none be listened on.
package enum ConnectFailure {
  /// Why an address cannot be listened on, and what to do.
  package static func reasonNotToListen(_ error: any Error) -> String {
    let advice =
      switch (error as? IOError)?.errnoCode {
      case EADDRINUSE: "; stop what listens there, or choose another port"
      case EADDRNOTAVAIL: "; give an address of this machine, or 0.0.0.0 for all of them"
      case EACCES: "; choose a port of 1024 or more"
      default: ""
      }
    return reason(error) + advice
  }

  /// Each address that was tried with its reason, or why the name has none.
  static func reason(_ error: any Error) -> String {
    guard let error = error as? NIOConnectionError else { return words(for: error) }
    guard error.connectionErrors.isEmpty else {
      return error.connectionErrors.map { failure in
        // A host that is an address itself need not be said twice.
        let address = failure.target.ipAddress ?? "\(failure.target)"
        let text = words(for: failure.error)
        return address == error.host && error.connectionErrors.count == 1
          ? text : "\(address): \(text)"
      }
      .joined(separator: "; ")
    }
    // Both families are looked up, and mostly fail alike.
    let reasons = [error.dnsAAAAError, error.dnsAError].compactMap { $0.map(words) }
    var distinct: [String] = []
    for reason in reasons where !distinct.contains(reason) { distinct.append(reason) }
    return distinct.isEmpty
      ? "\(error.host) has no address" : distinct.joined(separator: "; ")
  }

  private static func words(for error: any Error) -> String {
    switch error {
    case let error as IOError: unsafe String(cString: strerror(error.errnoCode))
    case let error as SocketAddressError.UnknownHost: "unknown host: \(error.errorDescription)"
    case ChannelError.connectTimeout(let time):
      "no answer within \(Duration.nanoseconds(time.nanoseconds))"
    default: "\(error)"
    }
  }
}

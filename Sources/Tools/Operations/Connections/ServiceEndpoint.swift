/// Where a service listens.
package struct ServiceEndpoint: Sendable, Equatable, CustomStringConvertible {
  /// Name or address.
  package let host: String
  /// 1 to 65535.
  package let port: Int

  /// Names a host and port.
  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Where to call what listens there: on all addresses means on this machine's own.
  package var reachable: ServiceEndpoint {
    ServiceEndpoint(host: ["0.0.0.0": "127.0.0.1", "::": "::1"][host] ?? host, port: port)
  }

  /// Reads `HOST:PORT` or `[ADDRESS]:PORT`.
  package init(parsing text: String) throws(OperationsError) {
    guard let colon = text.lastIndex(of: ":"),
      let port = Int(text[text.index(after: colon)...]), (1...65535).contains(port)
    else { throw .usage("'\(text)' is not HOST:PORT with a port of 1 to 65535") }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw .usage("'\(text)': write an IPv6 address in brackets, as in [::1]:7101")
    }
    guard !host.isEmpty else { throw .usage("'\(text)' is not HOST:PORT; the host is missing") }
    self.init(host: String(host), port: port)
  }

  /// One sentence for people: what, where, and what to do.
  package var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// Where each service is: the default ports of this machine, changed by options `NAME=HOST:PORT`.
  package static func all(
    changedBy options: [String]
  ) throws(OperationsError) -> [ServiceName: ServiceEndpoint] {
    var endpoints: [ServiceName: ServiceEndpoint] = [:]
    for name in ServiceName.allCases {
      endpoints[name] = ServiceEndpoint(host: "127.0.0.1", port: name.defaultPort)
    }
    for option in options {
      let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let name = ServiceName(rawValue: parts[0]) else {
        let names = ServiceName.allCases.map(\.rawValue).joined(separator: ", ")
        throw .usage("--endpoint '\(option)': give NAME=HOST:PORT with a NAME of \(names)")
      }
      do {
        endpoints[name] = try ServiceEndpoint(parsing: parts[1])
      } catch {
        throw .usage("--endpoint '\(option)': \(error)")
      }
    }
    return endpoints
  }
}

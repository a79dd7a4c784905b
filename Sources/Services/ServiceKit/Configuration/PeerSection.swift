/// `peers.NAME {host, port, server_name}`, or with `endpoints` instead of host and port when there are
/// several.
package struct PeerSection: Sendable, Decodable, Equatable {
  /// One instance of the peer.
  package struct Endpoint: Sendable, Equatable {
    /// Address or name to connect to.
    package var host: String
    /// 1 to 65535.
    package var port: Int

    /// Reads `HOST:PORT` or `[IPV6]:PORT`; nil when it is neither.
    init?(_ text: Substring) {
      guard let colon = text.lastIndex(of: ":"),
        let port = Int(text[text.index(after: colon)...]), (1...65535).contains(port)
      else { return nil }
      var host = text[..<colon]
      if host.hasPrefix("["), host.hasSuffix("]") {
        host = host.dropFirst().dropLast()
      } else if host.contains(":") {
        return nil
      }
      guard !host.isEmpty else { return nil }
      self.host = String(host)
      self.port = port
    }

    /// Names a host and port.
    init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    /// `HOST:PORT`, as logs and journals write it.
    var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  }

  /// Its instances, at least one; calls are spread over those that are healthy.
  package let endpoints: [Endpoint]
  /// Whether every address of each name is an instance.
  package let usesAllAddresses: Bool
  /// Name that the peer's certificate must carry; nil is the host of each instance.
  package let serverName: String?

  /// Whether messages may be compressed with peers that offer it (WIRE.md section 11).
  package let compression: Bool

  private enum Keys: String, CodingKey, CaseIterable {
    case compression
    case host
    case port
    case endpoints
    case allAddresses = "all_addresses"
    case serverName = "server_name"
  }

  /// Reads and checks the section.
  package init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    let name: String = try values.value(.serverName, default: "")
    serverName = name.isEmpty ? nil : name
    compression = try values.value(.compression, default: false)
    usesAllAddresses = try values.value(.allAddresses, default: false)
    guard values.has(.endpoints) else {
      endpoints = [
        Endpoint(
          host: try values.text(.host),
          port: try values.number(.port, default: 0, in: 1...65535)
        )
      ]
      return
    }
    guard !values.has(.host), !values.has(.port) else {
      throw values.refusal(.endpoints, "takes the place of host and port; give one or the other")
    }
    let texts = try values.required(.endpoints, as: EndpointTexts.self).texts
    endpoints = try texts.map { text in
      guard let endpoint = Endpoint(text[...]) else {
        throw values.refusal(.endpoints, "'\(text)' is not HOST:PORT")
      }
      return endpoint
    }
    guard !endpoints.isEmpty else { throw values.refusal(.endpoints, "is empty") }
  }

  /// Makes a section of one instance in code; an empty `serverName` means the host.
  package init(host: String, port: Int, serverName: String = "") {
    endpoints = [Endpoint(host: host, port: port)]
    usesAllAddresses = false
    compression = false
    self.serverName = serverName.isEmpty ? nil : serverName
  }

  /// Host of the first instance, which is the only one of a section made in code.
  package var host: String { endpoints.first?.host ?? "" }

  /// Port of the first instance.
  package var port: Int { endpoints.first?.port ?? 0 }

  /// Every `HOST:PORT`, as logs and journals write it.
  package var endpoint: String { endpoints.map(\.text).joined(separator: ",") }
}

/// A list of texts, or one text with commas, as an environment variable has it.
private struct EndpointTexts: Decodable {
  let texts: [String]

  init(from decoder: any Decoder) throws {
    if let list = try? [String](from: decoder) {
      texts = list
    } else {
      texts = try String(from: decoder).split(separator: ",").map { part in
        String(part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
      }
    }
  }
}

package import RPC

/// The sections that every service's configuration has.
package struct CommonConfiguration: Sendable, Decodable {
  /// Where the service accepts connections.
  package var listen: ListenSection
  /// Certificates, or nil when the file says `tls: off`.
  package var tls: TLSSection?
  /// Folder of everything the service keeps.
  package var data: String
  /// Lowest level that is logged: trace, debug, info, notice, warning, error or critical.
  package var logLevel: String
  /// Threads of numerical work; 0 means all cores.
  package var threads: Int
  /// The numbers that the base model's weights are kept in.
  package var precision: PrecisionSetting
  /// Other services, by their role.
  package var peers: [String: PeerSection]
  /// What clients may ask of the service.
  package var limits: RPCLimits
  /// Whether messages may be compressed with clients that offer it (WIRE.md section 11).
  package var compression: Bool
  /// Path of the file that says which client may call what; nil allows everybody everything.
  package var access: String?
  /// Where Prometheus finds the metrics; nil turns that off.
  package var prometheus: ListenSection?
  /// How often certificates and access rules are looked at for changes; 0 is only on SIGHUP.
  package var reloadInterval: Duration

  /// Names of the keys in a file.
  package enum Keys: String, CodingKey, CaseIterable {
    case listen
    case tls
    case data
    case logLevel = "log_level"
    case threads
    case precision
    case peers
    case limits
    case compression
    case access
    case prometheus
    case reloadSeconds = "reload_seconds"
  }

  /// The keys that a service's own configuration must accept besides its own.
  package static let keyNames = Keys.allCases.map(\.rawValue)

  /// Reads the common keys and leaves the others to the service.
  package init(from decoder: any Decoder) throws {
    try self.init(from: decoder, besides: [])
  }

  /// Reads the common keys of a mapping that may also have the keys named by `besides`.
  package init(from decoder: any Decoder, besides: [String]) throws {
    let values = try SectionValues(decoder, keys: Keys.self, alsoKnown: besides)
    listen = try values.required(.listen)
    let transport: TransportSection = try values.required(.tls)
    tls = transport.certificates
    data = try values.text(.data)
    logLevel = try values.value(.logLevel, default: "info")
    threads = try values.number(.threads, default: 0, in: 0...1024)
    let precisionName = try values.value(.precision, default: PrecisionSetting.auto.rawValue)
    guard let precision = PrecisionSetting(rawValue: precisionName) else {
      let known = PrecisionSetting.allCases.map(\.rawValue).joined(separator: ", ")
      throw values.refusal(.precision, "'\(precisionName)' is none of \(known)")
    }
    self.precision = precision
    peers = try values.value(.peers, default: [:])
    let limits: LimitsSection? = try values.optional(.limits)
    self.limits = limits?.limits ?? RPCLimits()
    compression = try values.value(.compression, default: false)
    access = try values.optional(.access)
    prometheus = try values.optional(.prometheus)
    reloadInterval = .seconds(try values.number(.reloadSeconds, default: 5, in: 0...86_400))
    guard access == nil || tls != nil else {
      throw values.refusal(.access, "needs tls: without certificates no client has an identity")
    }
    let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    guard levels.contains(logLevel) else {
      throw values.refusal(.logLevel, "'\(logLevel)' is none of \(levels.joined(separator: ", "))")
    }
    guard tls != nil || listen.isLoopback else {
      throw values.refusal(
        .tls,
        "off is allowed on 127.0.0.1, ::1 and localhost only, not on \(listen.host)"
      )
    }
  }
}

/// `listen {host, port}`; port 0 lets the system choose.
package struct ListenSection: Sendable, Decodable, Equatable {
  /// Address or name to bind.
  package var host: String
  /// 0 to 65535.
  package var port: Int

  private enum Keys: String, CodingKey, CaseIterable {
    case host
    case port
  }

  /// Reads and checks the section.
  package init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    host = try values.text(.host)
    port = try values.number(.port, default: 0, in: 0...65535)
  }

  /// Makes a section in code.
  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `HOST:PORT` or `[IPV6]:PORT` as a command line gives it.
  package init(option: String) throws(ServiceKitError) {
    guard
      let colon = option.lastIndex(of: ":"),
      let port = Int(option[option.index(after: colon)...]),
      (0...65535).contains(port)
    else {
      throw .usage(reason: "--listen takes HOST:PORT, not '\(option)'")
    }
    var host = option[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else {
      throw .usage(reason: "--listen takes HOST:PORT, not '\(option)'")
    }
    self.init(host: String(host), port: port)
  }

  /// Whether only this machine can reach the address.
  var isLoopback: Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }
}

/// `tls {certificate, key, authority}`: PEM files; both sides must show a certificate of the authority.
package struct TLSSection: Sendable, Decodable, Equatable {
  /// Path of this service's certificate chain.
  package var certificate: String
  /// Path of its private key.
  package var key: String
  /// Path of the certificates of the authority that peers are checked against.
  package var authority: String

  private enum Keys: String, CodingKey, CaseIterable {
    case certificate
    case key
    case authority
  }

  /// Reads and checks the section.
  package init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    certificate = try values.text(.certificate)
    key = try values.text(.key)
    authority = try values.text(.authority)
  }
}

/// Either certificates or the word `off`.
private struct TransportSection: Decodable {
  let certificates: TLSSection?

  init(from decoder: any Decoder) throws {
    if let word = try? decoder.singleValueContainer().decode(String.self) {
      guard word == "off" else {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: decoder.codingPath,
            debugDescription: "is '\(word)'; give certificate, key and authority, or off"
          )
        )
      }
      certificates = nil
    } else {
      certificates = try TLSSection(from: decoder)
    }
  }
}

/// Which client may call which method; what no rule allows is denied.
///
/// A client is known by the names of its verified certificate: common name and alternative names.
public struct RPCAccessRules: Sendable, Equatable {
  /// Allows some clients some methods.
  public struct Rule: Sendable, Equatable {
    /// Names of certificates; `*` is every client with a certificate.
    public var identities: [String]
    /// `package.Service/Method`, `package.Service/*` or `*`.
    public var methods: [String]

    /// States who may call what.
    public init(identities: [String], methods: [String]) {
      self.identities = identities
      self.methods = methods
    }

    func allows(_ identity: RPCPeer.Identity) -> Bool {
      identities.contains { $0 == "*" || identity.isNamed($0) }
    }

    func allows(_ method: RPCMethod) -> Bool {
      methods.contains { $0 == "*" || $0 == method.fullName || $0 == method.service + "/*" }
    }
  }

  /// What is allowed; order does not matter.
  public var rules: [Rule]
  /// Names whose certificates are refused in the handshake.
  public var revokedIdentities: Set<String>
  /// Serial numbers whose certificates are refused in the handshake.
  public var revokedSerials: Set<String>

  /// States all; serial numbers may be written with colons and in any case.
  public init(
    rules: [Rule],
    revokedIdentities: Set<String> = [],
    revokedSerials: Set<String> = []
  ) {
    self.rules = rules
    self.revokedIdentities = revokedIdentities
    self.revokedSerials = Set(revokedSerials.map(RPCPeer.Identity.plainSerial))
  }

  /// Whether a client may call a method; one without a certificate may call nothing.
  public func permits(_ identity: RPCPeer.Identity?, _ method: RPCMethod) -> Bool {
    guard let identity else { return false }
    return rules.contains { $0.allows(identity) && $0.allows(method) }
  }

  /// What is revoked about a client; nil when it may connect.
  public func revocation(of identity: RPCPeer.Identity) -> String? {
    if revokedSerials.contains(identity.serialNumber) {
      return "serial number \(identity.serialNumber)"
    }
    let name = ([identity.commonName] + identity.alternativeNames).first {
      revokedIdentities.contains($0)
    }
    return name.map { "identity \($0)" }
  }

  /// Methods that rules name of services offered here but that these do not have: misspelt, most
  /// likely.
  func unknownMethods(among methods: [RPCMethod]) -> [String] {
    let services = Set(methods.map(\.service))
    let names = Set(methods.map(\.fullName))
    return rules.flatMap(\.methods).filter { name in
      guard let slash = name.firstIndex(of: "/"), !name.hasSuffix("/*") else { return false }
      return services.contains(String(name[..<slash])) && !names.contains(name)
    }
  }
}

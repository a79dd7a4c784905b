package import RPC

/// A file of access rules: which client may call which method, and who is revoked.
package struct AccessFile: Sendable, Decodable {
  /// The rules.
  package let access: RPCAccessRules

  private enum Keys: String, CodingKey, CaseIterable {
    case rules
    case revoked
  }

  /// Reads and checks the file.
  package init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    let rules: [RuleSection] = try values.value(.rules, default: [])
    let revoked: RevokedSection? = try values.optional(.revoked)
    access = RPCAccessRules(
      rules: rules.map(\.rule),
      revokedIdentities: Set(revoked?.identities ?? []),
      revokedSerials: Set(revoked?.serials ?? [])
    )
  }

  /// Loads the file at `path`.
  package static func load(
    _ path: String,
    with loader: ConfigurationLoader
  ) throws(ServiceKitError) -> RPCAccessRules {
    try loader.load(AccessFile.self, from: path).access
  }
}

/// `rules[] {identities, methods}`.
private struct RuleSection: Decodable {
  let rule: RPCAccessRules.Rule

  private enum Keys: String, CodingKey, CaseIterable {
    case identities
    case methods
  }

  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    let identities: [String] = try values.required(.identities)
    let methods: [String] = try values.required(.methods)
    guard !identities.isEmpty, !identities.contains("") else {
      throw values.refusal(.identities, "needs names of certificates, or \"*\" for every client")
    }
    for method in methods where !Self.isMethod(method) {
      throw values.refusal(
        .methods,
        "'\(method)' is none of package.Service/Method, package.Service/* and \"*\""
      )
    }
    guard !methods.isEmpty else { throw values.refusal(.methods, "is empty") }
    rule = RPCAccessRules.Rule(identities: identities, methods: methods)
  }

  private static func isMethod(_ text: String) -> Bool {
    if text == "*" { return true }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy { part in
        part == "*"
          ? part.startIndex != text.startIndex
          : !part.isEmpty
            && part.allSatisfy { $0.isASCII && $0.isLetter || $0.isNumber || "._".contains($0) }
      }
  }
}

/// `revoked {identities, serials}`.
private struct RevokedSection: Decodable {
  let identities: [String]
  let serials: [String]

  private enum Keys: String, CodingKey, CaseIterable {
    case identities
    case serials
  }

  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    identities = try values.value(.identities, default: [])
    serials = try values.value(.serials, default: [])
    for serial in serials
    where serial.isEmpty || !serial.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "x" }) {
      throw values.refusal(.serials, "'\(serial)' is no serial number in hexadecimal; quote it")
    }
  }
}

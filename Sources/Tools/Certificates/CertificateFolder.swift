internal import COpenSSL

/// A folder with a private authority and a certificate for each service and for clients.
///
/// Files are `ca.pem`, `ca.key` and, for each holder, `NAME.pem` and `NAME.key`; keys can be read
/// by their owner only. All keys are ECDSA on P-256.
package struct CertificateFolder {
  /// What happened to one holder's files.
  package enum Outcome: String, Sendable {
    case kept
    case made
  }

  /// Holders that accept connections; each also calls others.
  package static let services = ["labeler", "preference-model", "scalarizer", "policy-trainer"]
  /// Holder that only calls.
  package static let client = "client"

  private static let authorityDays = 3650
  private static let holderDays = 825
  /// A certificate this close to its end is not kept.
  private static let renewalSeconds = 30 * 86_400

  private let directory: String
  private let now: Int

  /// Takes the folder, which is made when it does not exist, and Unix time in seconds.
  package init(directory: String, now: Int) {
    self.directory = directory
    self.now = now
  }

  /// Makes what is missing and keeps what is valid.
  ///
  /// - Parameters:
  ///   - hosts: names and addresses besides localhost and 127.0.0.1 under which services are reached.
  ///   - force: makes everything anew, the authority included.
  /// - Returns: what happened, the authority ("ca") first.
  /// - Throws: `unusable` when a file is there that is expired, belongs to another authority or lacks a
  ///   host, unless `force`.
  package func issue(
    hosts: [String],
    force: Bool
  ) throws(CertificatesError) -> [(name: String, outcome: Outcome)] {
    var named: [Host] = [.name("localhost"), .address("127.0.0.1"), .address("::1")]
    for text in hosts {
      let host = try Host(text)
      if !named.contains(host) { named.append(host) }
    }
    try SecretFile.makeDirectory(directory)
    if !force, let authority = try loadPair("ca") {
      try check(authority, name: "ca")
      return try issueHolders(hosts: named, authority: authority, force: false, first: .kept)
    }
    if !force {
      // Certificates of a lost authority would all be refused later, one by one; say it once here.
      for name in Self.services + [Self.client] where try loadPair(name) != nil {
        throw .unusable(
          path: "\(directory)/\(name).pem",
          reason: "has no ca.pem and ca.key beside it"
        )
      }
    }
    let authority = try makeAuthority()
    return try issueHolders(hosts: named, authority: authority, force: force, first: .made)
  }

  /// A certificate with its key.
  private struct Pair: ~Copyable {
    let certificate: Certificate
    let key: PrivateKey
  }

  private func issueHolders(
    hosts: [Host],
    authority: borrowing Pair,
    force: Bool,
    first: Outcome
  ) throws(CertificatesError) -> [(name: String, outcome: Outcome)] {
    var outcomes: [(name: String, outcome: Outcome)] = [("ca", first)]
    for name in Self.services + [Self.client] {
      let names = name == Self.client ? [] : [try Host(name)] + hosts
      if !force, let pair = try loadPair(name) {
        try check(pair, name: name)
        guard pair.certificate.isSigned(by: authority.certificate) else {
          throw .unusable(
            path: "\(directory)/\(name).pem",
            reason: "was not signed by \(directory)/ca.pem"
          )
        }
        for host in names where !pair.certificate.names(host) {
          throw .unusable(
            path: "\(directory)/\(name).pem",
            reason: "does not name \(host.extensionValue)"
          )
        }
        outcomes.append((name, .kept))
      } else {
        try makeHolder(name, hosts: names, authority: authority)
        outcomes.append((name, .made))
      }
    }
    return outcomes
  }

  private func makeAuthority() throws(CertificatesError) -> Pair {
    let key = try PrivateKey.generate()
    let contents = Certificate.Contents(
      name: "MORLAIF private authority",
      days: Self.authorityDays,
      extensions: [
        (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"),
        (NID_key_usage, "critical,keyCertSign,cRLSign"),
        (NID_subject_key_identifier, "hash"),
      ]
    )
    let certificate = try Certificate.authority(contents, key: key)
    let pair = Pair(certificate: certificate, key: key)
    try store(pair, name: "ca")
    return pair
  }

  private func makeHolder(
    _ name: String,
    hosts: [Host],
    authority: borrowing Pair
  ) throws(CertificatesError) {
    let key = try PrivateKey.generate()
    // Services call one another, so their certificates serve both ends.
    let usage = hosts.isEmpty ? "clientAuth" : "serverAuth,clientAuth"
    var extensions: [(identifier: Int32, value: String)] = [
      (NID_basic_constraints, "critical,CA:FALSE"),
      (NID_key_usage, "critical,digitalSignature"),
      (NID_ext_key_usage, usage),
      (NID_subject_key_identifier, "hash"),
      (NID_authority_key_identifier, "keyid:always"),
    ]
    if !hosts.isEmpty {
      let names = hosts.map(\.extensionValue).joined(separator: ",")
      extensions.append((NID_subject_alt_name, names))
    }
    let contents = Certificate.Contents(
      name: name,
      days: Self.holderDays,
      extensions: extensions
    )
    let certificate = try Certificate.issued(
      contents,
      key: key,
      by: authority.certificate,
      issuerKey: authority.key
    )
    try store(Pair(certificate: certificate, key: key), name: name)
  }

  private func store(_ pair: borrowing Pair, name: String) throws(CertificatesError) {
    try SecretFile.write(try pair.key.pem(), path: "\(directory)/\(name).key", mode: 0o600)
    try SecretFile.write(try pair.certificate.pem(), path: "\(directory)/\(name).pem", mode: 0o644)
  }

  /// Reads a holder's files; nil when neither is there.
  private func loadPair(_ name: String) throws(CertificatesError) -> Pair? {
    let certificatePath = "\(directory)/\(name).pem"
    let keyPath = "\(directory)/\(name).key"
    let certificate = try SecretFile.read(path: certificatePath)
    let key = try SecretFile.read(path: keyPath)
    if certificate == nil, key == nil { return nil }
    guard let certificate else {
      throw .unusable(path: keyPath, reason: "has no certificate beside it")
    }
    guard let key else { throw .unusable(path: certificatePath, reason: "has no key beside it") }
    do throws(CertificatesError) {
      return Pair(certificate: try Certificate(pem: certificate), key: try PrivateKey(pem: key))
    } catch {
      throw .unusable(path: certificatePath, reason: "or its key cannot be read (\(error))")
    }
  }

  private func check(_ pair: borrowing Pair, name: String) throws(CertificatesError) {
    let path = "\(directory)/\(name).pem"
    guard pair.certificate.belongs(to: pair.key) else {
      throw .unusable(path: path, reason: "does not belong to \(name).key")
    }
    guard pair.certificate.holds(at: now), pair.certificate.holds(at: now + Self.renewalSeconds)
    else { throw .unusable(path: path, reason: "has expired or will within 30 days") }
  }
}

internal import COpenSSL
internal import Foundation

/// A folder with a private authority and a certificate for each service and for clients.
///
/// Files are `ca.pem`, `ca.key` and, for each holder, `NAME.pem` and `NAME.key`; keys can be read
/// by their owner only. All keys are ECDSA on P-256.
package struct CertificateFolder {
  /// What happened to one holder's files.
  package enum Outcome: String, Sendable {
    case kept
    case made
    case renewed
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
  ///   - clients: names of clients besides "client"; access rules tell them apart by these.
  ///   - renew: makes all certificates and keys of the folder anew under the same authority; without
  ///     `hosts` they name the hosts that they named before.
  ///   - force: makes everything anew, the authority included.
  /// - Returns: what happened, the authority ("ca") first.
  /// - Throws: `unusable` when a file is there that is expired, belongs to another authority or lacks a
  ///   host, unless `force`.
  package func issue(
    hosts: [String],
    clients: [String] = [],
    renew: Bool = false,
    force: Bool
  ) throws(CertificatesError) -> [(name: String, outcome: Outcome)] {
    var named: [Host] = [.name("localhost"), .address("127.0.0.1"), .address("::1")]
    for text in hosts {
      let host = try Host(text)
      if !named.contains(host) { named.append(host) }
    }
    var order = Order(
      hosts: named,
      clients: try names(of: clients),
      keepsHosts: hosts.isEmpty,
      renew: renew && !force,
      force: force
    )
    try SecretFile.makeDirectory(directory)
    if !force, let authority = try loadPair("ca") {
      try check(authority, name: "ca")
      if order.renew { order.clients += try otherClients(of: authority, besides: order.clients) }
      return try issueHolders(order, authority: authority, first: .kept)
    }
    if !force {
      // Certificates of a lost authority would all be refused later, one by one; say it once here.
      for name in Self.services + order.clients where try loadPair(name) != nil {
        throw .unusable(
          path: "\(directory)/\(name).pem",
          reason: "has no ca.pem and ca.key beside it"
        )
      }
    }
    let authority = try makeAuthority()
    return try issueHolders(order, authority: authority, first: .made)
  }

  /// What is to be issued.
  private struct Order {
    var hosts: [Host]
    var clients: [String]
    /// Whether a renewed certificate keeps the hosts it had.
    var keepsHosts: Bool
    var renew: Bool
    var force: Bool
  }

  /// "client" and the others, each checked: it becomes a file name.
  private func names(of clients: [String]) throws(CertificatesError) -> [String] {
    var names = [Self.client]
    for client in clients where !names.contains(client) {
      // What may name a host may name a file.
      guard (try? Host(client)) != nil, client.utf8.count <= 64, client != "ca",
        !Self.services.contains(client)
      else { throw .client(client) }
      names.append(client)
    }
    return names
  }

  /// Clients that earlier runs named: whoever has a certificate of the authority in this folder.
  private func otherClients(
    of authority: borrowing Pair,
    besides known: [String]
  ) throws(CertificatesError) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    let stems = files.filter { $0.hasSuffix(".pem") }.map { String($0.dropLast(4)) }
    let others = Set(stems).subtracting(known + Self.services + ["ca"]).sorted()
    var clients: [String] = []
    for name in others where files.contains("\(name).key") {
      guard let pair = try loadPair(name) else { continue }
      if pair.certificate.isSigned(by: authority.certificate) { clients.append(name) }
    }
    return clients
  }

  /// A certificate with its key.
  private struct Pair: ~Copyable {
    let certificate: Certificate
    let key: PrivateKey
  }

  private func issueHolders(
    _ order: Order,
    authority: borrowing Pair,
    first: Outcome
  ) throws(CertificatesError) -> [(name: String, outcome: Outcome)] {
    var outcomes: [(name: String, outcome: Outcome)] = [("ca", first)]
    for name in Self.services + order.clients {
      let isClient = order.clients.contains(name)
      let hosts = isClient ? [] : [try Host(name)] + order.hosts
      guard !order.force, let pair = try loadPair(name) else {
        try makeHolder(name, hosts: hosts, namesOf: nil, authority: authority)
        outcomes.append((name, .made))
        continue
      }
      if order.renew {
        let earlier = order.keepsHosts ? pair.certificate.pointer : nil
        try makeHolder(name, hosts: hosts, namesOf: earlier, authority: authority)
        outcomes.append((name, .renewed))
      } else {
        try check(pair, name: name)
        try check(pair, name: name, names: hosts, authority: authority)
        outcomes.append((name, .kept))
      }
    }
    return outcomes
  }

  private func check(
    _ pair: borrowing Pair,
    name: String,
    names hosts: [Host],
    authority: borrowing Pair
  ) throws(CertificatesError) {
    let path = "\(directory)/\(name).pem"
    guard pair.certificate.isSigned(by: authority.certificate) else {
      throw .unusable(path: path, reason: "was not signed by \(directory)/ca.pem")
    }
    for host in hosts where !pair.certificate.names(host) {
      throw .unusable(path: path, reason: "does not name \(host.extensionValue)")
    }
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
    namesOf earlier: OpaquePointer?,
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
    if !hosts.isEmpty, earlier == nil {
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
      namesOf: earlier,
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

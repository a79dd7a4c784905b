import Foundation
import Logging
import RPC
import Testing

/// Certificate, key and CA files that cannot be used: named, with the reason and what to do.
@Suite struct TLSFilesTests {
  /// What a server says that cannot start with these files.
  private func refusal(of tls: TLSConfiguration) async throws -> String {
    let server = RPCServer(
      configuration: RPCServerConfiguration(host: "127.0.0.1", port: 0, tls: tls),
      services: [],
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
    let error = await failure { try await server.run() }
    #expect(error?.code == .failedPrecondition)
    return try #require(error?.message)
  }

  private func files() throws -> TLSConfiguration {
    try TestCertificates.shared.get().copy("server")
  }

  private static let members: [(String, WritableKeyPath<TLSConfiguration, String?> & Sendable)] = [
    ("certificate", \.certificatePath), ("key", \.keyPath), ("CA certificates", \.caPath),
  ]

  @Test(arguments: members)
  func `a missing file`(
    what: String,
    member: WritableKeyPath<TLSConfiguration, String?> & Sendable
  ) async throws {
    var tls = try files()
    tls[keyPath: member] = "/nowhere/file.pem"
    let refusal = try await refusal(of: tls)
    #expect(
      refusal
        == "TLS file /nowhere/file.pem: cannot be read: No such file or directory; give the path of "
        + "a PEM file with the \(what), as `morlaif certificates` makes them"
    )
  }

  @Test(.enabled(if: geteuid() != 0, "root may read every file"), arguments: members)
  func `a file that this user may not read`(
    what: String,
    member: WritableKeyPath<TLSConfiguration, String?> & Sendable
  ) async throws {
    var tls = try files()
    let path = try #require(tls.keyPath) + ".secret"
    try Data().write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
    tls[keyPath: member] = path
    let refusal = try await refusal(of: tls)
    #expect(refusal.hasPrefix("TLS file \(path): cannot be read: Permission denied; "))
  }

  @Test(arguments: members)
  func `a folder in the place of a file`(
    what: String,
    member: WritableKeyPath<TLSConfiguration, String?> & Sendable
  ) async throws {
    var tls = try files()
    tls[keyPath: member] = "/tmp"
    let refusal = try await refusal(of: tls)
    #expect(refusal.hasPrefix("TLS file /tmp: cannot be read: Is a directory; "), "\(refusal)")
  }

  @Test(arguments: members, ["", "no PEM at all", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
  func `a file with something else in it`(
    file: (String, WritableKeyPath<TLSConfiguration, String?> & Sendable),
    content: String
  ) async throws {
    let (what, member) = file
    var tls = try files()
    let path = try #require(tls.keyPath) + ".else"
    try Data(content.utf8).write(to: URL(fileURLWithPath: path))
    tls[keyPath: member] = path
    let refusal = try await refusal(of: tls)
    #expect(refusal.hasPrefix("TLS file \(path): holds no \(what) in PEM ("), "\(refusal)")
    #expect(!refusal.contains("OpenSSL error"), "\(refusal)")
  }

  @Test func `the key of another certificate`() async throws {
    let certificates = try TestCertificates.shared.get()
    var tls = certificates.configuration("server")
    tls.keyPath = certificates.path("elsewhere.key")
    let (key, certificate) = (certificates.path("elsewhere.key"), certificates.path("server.pem"))
    let refusal = try await refusal(of: tls)
    #expect(
      refusal
        == "TLS file \(key): does not belong to \(certificate); "
        + "give the two files that were made together"
    )
  }

  @Test func `a key behind a pass phrase is refused and nobody is asked for it`() async throws {
    var tls = try files()
    let plain = try #require(tls.keyPath)
    let locked = plain + ".locked"
    let made = try runOpenSSL([
      "pkey", "-in", plain, "-aes128", "-passout", "pass:secret", "-out", locked,
    ])
    try #require(made.status == 0, "\(made.output)")
    tls.keyPath = locked
    let refusal = try await refusal(of: tls)
    #expect(
      refusal
        == "TLS file \(locked): is locked by a pass phrase, and a service has nobody to ask for it; "
        + "unlock it: openssl pkey -in \(locked) -out PLAIN.key"
    )
  }
}

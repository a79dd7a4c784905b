import Certificates
import ChildProcesses
import Foundation
import Testing

@Suite struct CertificateFolderTests {
  private static let now = Int(Date().timeIntervalSince1970)

  /// A folder that exists for one test.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let root = NSTemporaryDirectory() + "certificates-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    try body(root + "/made/here")
  }

  /// What the `openssl` program says; its exit code and output.
  private func openssl(_ arguments: String...) throws -> (code: Int32, output: String) {
    let (code, output) = try commandOutput(["openssl"] + arguments)
    return (code, output)
  }

  private func issue(
    _ folder: String,
    hosts: [String] = [],
    force: Bool = false,
    now: Int = now
  ) throws -> [String] {
    try CertificateFolder(directory: folder, now: now).issue(hosts: hosts, force: force)
      .map { "\($0.name) \($0.outcome)" }
  }

  @Test func `openssl accepts every certificate as server, client or both`() throws {
    try withFolder { folder in
      let made = try issue(folder, hosts: ["trainer.example.org", "10.1.2.3"])
      #expect(made.allSatisfy { $0.hasSuffix("made") })
      #expect(made.count == 6)
      for name in CertificateFolder.services {
        for purpose in ["sslserver", "sslclient"] {
          let result = try openssl(
            "verify",
            "-x509_strict",
            "-purpose",
            purpose,
            "-verify_hostname",
            "trainer.example.org",
            "-CAfile",
            "\(folder)/ca.pem",
            "\(folder)/\(name).pem"
          )
          #expect(result.code == 0, "\(result.output)")
        }
        for check in [
          ["-verify_hostname", name], ["-verify_hostname", "localhost"],
          ["-verify_ip", "127.0.0.1"], ["-verify_ip", "10.1.2.3"],
        ] {
          let result = try openssl(
            "verify",
            check[0],
            check[1],
            "-CAfile",
            "\(folder)/ca.pem",
            "\(folder)/\(name).pem"
          )
          #expect(result.code == 0, "\(result.output)")
        }
      }
      let client = try openssl(
        "verify",
        "-x509_strict",
        "-purpose",
        "sslclient",
        "-CAfile",
        "\(folder)/ca.pem",
        "\(folder)/client.pem"
      )
      #expect(client.code == 0, "\(client.output)")
      let asServer = try openssl(
        "verify",
        "-purpose",
        "sslserver",
        "-CAfile",
        "\(folder)/ca.pem",
        "\(folder)/client.pem"
      )
      #expect(asServer.code != 0)
    }
  }

  @Test func `keys are P-256 and only their owner can read them`() throws {
    try withFolder { folder in
      _ = try issue(folder)
      for name in ["ca", "client"] + CertificateFolder.services {
        let path = "\(folder)/\(name).key"
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        let text = try openssl("pkey", "-in", path, "-noout", "-text")
        #expect(text.output.contains("prime256v1"))
      }
    }
  }

  @Test func `valid certificates are kept and missing ones are made`() throws {
    try withFolder { folder in
      _ = try issue(folder)
      let before = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/labeler.pem"))
      try FileManager.default.removeItem(atPath: "\(folder)/client.pem")
      try FileManager.default.removeItem(atPath: "\(folder)/client.key")
      #expect(
        try issue(folder) == [
          "ca kept", "labeler kept", "preference-model kept", "scalarizer kept",
          "policy-trainer kept", "client made",
        ]
      )
      #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/labeler.pem")) == before)
    }
  }

  @Test func `what cannot be used is named and replaced only by force`() throws {
    try withFolder { folder in
      _ = try issue(folder)
      let hosts = #expect(throws: CertificatesError.self) {
        try issue(folder, hosts: ["other.example.org"])
      }
      #expect(
        try #require(hosts).description.contains("labeler.pem does not name DNS:other.example.org")
      )
      let late = #expect(throws: CertificatesError.self) {
        try issue(folder, now: Self.now + 20 * 365 * 86_400)
      }
      #expect(try #require(late).description.contains("ca.pem has expired"))
      try FileManager.default.removeItem(atPath: "\(folder)/scalarizer.key")
      let half = #expect(throws: CertificatesError.self) { try issue(folder) }
      #expect(try #require(half).description.contains("scalarizer.pem has no key beside it"))
      #expect(try issue(folder, force: true).allSatisfy { $0.hasSuffix("made") })
      #expect(try issue(folder).allSatisfy { $0.hasSuffix("kept") })
    }
  }

  @Test(arguments: ["a,DNS:evil.org", "", "a b", "-a", "x..y", "é"])
  func `a host that could smuggle another entry in is refused`(host: String) throws {
    try withFolder { folder in
      #expect(throws: CertificatesError.host(host)) { try issue(folder, hosts: [host]) }
    }
  }

  @Test func `each named client gets a certificate of its own`() throws {
    try withFolder { folder in
      _ = try issue(folder)
      let outcomes = try CertificateFolder(directory: folder, now: Self.now)
        .issue(hosts: [], clients: ["alice"], force: false)
      #expect(outcomes.last?.name == "alice" && outcomes.last?.outcome == .made)
      #expect(outcomes.dropLast().allSatisfy { $0.outcome == .kept })
      let subject = try openssl("x509", "-in", "\(folder)/alice.pem", "-noout", "-subject")
      #expect(subject.output.contains("CN = alice"), "\(subject.output)")
    }
  }

  @Test(arguments: ["ca", "labeler", "", "a/b", "a,b", "-x"])
  func `a client's name that cannot be a file's is refused`(name: String) throws {
    try withFolder { folder in
      #expect(throws: CertificatesError.client(name)) {
        try CertificateFolder(directory: folder, now: Self.now)
          .issue(hosts: [], clients: [name], force: false)
      }
    }
  }

  @Test func `renewal keeps the authority and the hosts and changes the rest`() throws {
    try withFolder { folder in
      _ = try issue(folder, hosts: ["trainer.example.org"])
      let authority = try String(contentsOfFile: "\(folder)/ca.pem", encoding: .utf8)
      let before = try String(contentsOfFile: "\(folder)/labeler.pem", encoding: .utf8)
      let outcomes = try CertificateFolder(directory: folder, now: Self.now)
        .issue(hosts: [], renew: true, force: false)
      #expect(outcomes.dropFirst().allSatisfy { $0.outcome == .renewed })
      #expect(try String(contentsOfFile: "\(folder)/ca.pem", encoding: .utf8) == authority)
      #expect(try String(contentsOfFile: "\(folder)/labeler.pem", encoding: .utf8) != before)
      for host in ["labeler", "localhost", "trainer.example.org"] {
        let result = try openssl(
          "verify",
          "-x509_strict",
          "-verify_hostname",
          host,
          "-CAfile",
          "\(folder)/ca.pem",
          "\(folder)/labeler.pem"
        )
        #expect(result.code == 0, "\(result.output)")
      }
    }
  }

  @Test func `renewal includes the named clients and nobody else's files`() throws {
    try withFolder { folder in
      _ = try CertificateFolder(directory: folder, now: Self.now)
        .issue(hosts: [], clients: ["alice"], force: false)
      try withFolder { other in
        _ = try issue(other)
        for end in ["pem", "key"] {
          try FileManager.default.copyItem(
            atPath: "\(other)/client.\(end)",
            toPath: "\(folder)/stranger.\(end)"
          )
        }
      }
      let before = try String(contentsOfFile: "\(folder)/alice.pem", encoding: .utf8)
      let outcomes = try CertificateFolder(directory: folder, now: Self.now)
        .issue(hosts: [], renew: true, force: false)
      #expect(outcomes.last?.name == "alice" && outcomes.last?.outcome == .renewed)
      #expect(try String(contentsOfFile: "\(folder)/alice.pem", encoding: .utf8) != before)
    }
  }
}

import Foundation
import ProtobufRuntime
import RPC
import Testing

/// Certificates that are replaced while the server runs.
@Suite(.timeLimit(.minutes(2)))
struct CertificateReloadTests {
  /// A client that accepts only the certificate of one name.
  private func expecting(_ name: String, _ harness: ServerHarness) throws -> RPCClient {
    var tls = try TestCertificates.shared.get().configuration("client")
    tls.serverName = name
    var configuration = RPCClientConfiguration()
    configuration.retry.attemptsMax = 1
    return harness.client(tls, configuration)
  }

  private func call(_ client: RPCClient) async throws {
    let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage(bytes: [1]))
  }

  @Test func `new handshakes take the new certificate and old connections live on`() async throws {
    let certificates = try TestCertificates.shared.get()
    let tls = try certificates.copy("server")
    try await withServer(tls: tls) { harness in
      let old = try expecting("localhost", harness)
      try await call(old)
      try certificates.replace(tls, by: "elsewhere")
      try harness.server.reloadCertificate()
      let new = try expecting("elsewhere.example", harness)
      try await call(new)
      try await call(old)
      let snapshot = harness.server.metrics.snapshot
      #expect(snapshot.certificateReloads == 1)
      #expect(snapshot.connectionsAccepted == 2)
      await old.close()
      await new.close()
    }
  }

  @Test func `a broken file keeps the old certificate and is named`() async throws {
    let certificates = try TestCertificates.shared.get()
    let tls = try certificates.copy("server")
    try await withServer(tls: tls) { harness in
      let path = try #require(tls.certificatePath)
      try Data("no certificate".utf8).write(to: URL(fileURLWithPath: path))
      let error = await failure { try harness.server.reloadCertificate() }
      #expect(error?.message.contains(path) == true)
      let client = try expecting("localhost", harness)
      try await call(client)
      #expect(harness.server.metrics.snapshot.certificateReloadFailures == 1)
      await client.close()
    }
  }

  @Test func `a key that does not belong to the certificate keeps the old ones`() async throws {
    let certificates = try TestCertificates.shared.get()
    let tls = try certificates.copy("server")
    try await withServer(tls: tls) { harness in
      let key = try Data(contentsOf: URL(fileURLWithPath: certificates.path("elsewhere.key")))
      try key.write(to: URL(fileURLWithPath: try #require(tls.keyPath)))
      #expect(await failure { try harness.server.reloadCertificate() } != nil)
      let client = try expecting("localhost", harness)
      try await call(client)
      await client.close()
    }
  }

  @Test func `a change counts once the files are left alone`() async throws {
    let certificates = try TestCertificates.shared.get()
    let tls = try certificates.copy("server")
    try await withServer(tls: tls) { harness in
      #expect(!harness.server.certificateHasChanged())
      try certificates.replace(tls, by: "elsewhere")
      // Seen for the first time: it may still be being written.
      #expect(!harness.server.certificateHasChanged())
      #expect(harness.server.certificateHasChanged())
      try harness.server.reloadCertificate()
      #expect(!harness.server.certificateHasChanged())
    }
  }

  @Test func `a client shows its new certificate on its next connection`() async throws {
    let certificates = try TestCertificates.shared.get()
    let tls = try certificates.copy("client")
    let log = LogCapture()
    try await withServer(
      tls: certificates.configuration("server"),
      logger: log.logger
    ) { harness in
      let client = harness.client(tls)
      try await call(client)
      try certificates.replace(tls, by: "other")
      var access = RPCAccessRules(rules: [.init(identities: ["*"], methods: ["*"])])
      access.revokedIdentities = ["client"]
      try harness.server.setAccess(access)
      _ = await log.line(with: "connection ended: revoked")
      // The client may not have read yet that its connection has ended.
      while await failure({ try await call(client) }) != nil {}
      #expect(log.lines.contains { $0.contains("client connected rpc.identity=other") })
      await client.close()
    }
  }

  @Test func `a client keeps its certificate while the files are broken`() async throws {
    let certificates = try TestCertificates.shared.get()
    let tls = try certificates.copy("client")
    let path = try #require(tls.certificatePath)
    let log = LogCapture()
    try await withServer(tls: certificates.configuration("server")) { harness in
      let client = RPCClient(
        target: RPCTarget(host: "127.0.0.1", port: harness.port),
        tls: tls,
        logger: log.logger
      )
      // Broken after they were read and before the first connection.
      try Data("no certificate".utf8).write(to: URL(fileURLWithPath: path))
      try await call(client)
      let line = await log.line(with: "certificate of the client not reloaded")
      #expect(line.contains(path))
      await client.close()
    }
  }

  @Test func `a client takes files that were missing when it was made`() async throws {
    let certificates = try TestCertificates.shared.get()
    let tls = try certificates.copy("client")
    let path = try #require(tls.certificatePath)
    try FileManager.default.removeItem(atPath: path)
    try await withServer(tls: certificates.configuration("server")) { harness in
      let client = harness.client(tls)
      let error = await failure { try await call(client) }
      #expect(error?.code == .failedPrecondition && error?.message.contains(path) == true)
      try certificates.replace(tls, by: "client")
      try await call(client)
      await client.close()
    }
  }
}

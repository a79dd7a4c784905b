import Foundation
import Logging
import ProtobufRuntime
import RPC
import Testing

/// Who may connect: TLS 1.3 with the right certificates and nobody else.
@Suite(.timeLimit(.minutes(2)))
struct RPCSecurityTests {
  private func call(_ client: RPCClient) async throws {
    let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage(bytes: [1]))
  }

  /// Expects a client to be refused, and a proper one to be served afterwards.
  private func expectRefusal(
    server: String = "server",
    client: String?,
    clientTrusts: String = "ca",
    host: String = "127.0.0.1",
    saying words: String
  ) async throws {
    let certificates = try TestCertificates.shared.get()
    try await withServer(tls: certificates.configuration(server)) { harness in
      var configuration = RPCClientConfiguration()
      configuration.retry.attemptsMax = 1
      let refused = harness.client(
        certificates.configuration(client, ca: clientTrusts),
        host: host,
        configuration
      )
      let error = await failure { try await call(refused) }
      #expect(error?.code == .unavailable)
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
      await refused.close()
      if server == "server" {
        let good = harness.client(certificates.configuration("client"))
        try await call(good)
        await good.close()
      }
    }
  }

  @Test func `W3: a client without a certificate is refused`() async throws {
    try await expectRefusal(client: nil, saying: "requires a client certificate")
  }

  @Test func `a client certificate of another CA is refused`() async throws {
    try await expectRefusal(client: "stranger", saying: "unknown CA")
  }

  @Test func `an expired client certificate is refused`() async throws {
    try await expectRefusal(client: "expired", saying: "certificate expired")
  }

  @Test func `W3: a server certificate of another CA is refused`() async throws {
    try await expectRefusal(
      client: "client",
      clientTrusts: "other-ca",
      saying: "self-signed certificate in certificate chain"
    )
  }

  @Test func `an expired server certificate is refused`() async throws {
    try await expectRefusal(server: "expired", client: "client", saying: "has expired")
  }

  @Test func `W3: a server certificate for another host is refused`() async throws {
    try await expectRefusal(server: "elsewhere", client: "client", saying: "IP address mismatch")
    try await expectRefusal(
      server: "elsewhere",
      client: "client",
      host: "localhost",
      saying: "hostname mismatch"
    )
  }

  @Test func `a server name may differ from the host when configured`() async throws {
    let certificates = try TestCertificates.shared.get()
    try await withServer(tls: certificates.configuration("elsewhere")) { harness in
      var tls = certificates.configuration("client")
      tls.serverName = "elsewhere.example"
      let client = harness.client(tls)
      try await call(client)
      await client.close()
    }
  }

  @Test func `W1, W2: TLS 1_2 is refused and 1_3 with morlaif_1 accepted`() async throws {
    let certificates = try TestCertificates.shared.get()
    try await withServer(tls: certificates.configuration("server")) { harness in
      let identity = [
        "s_client", "-connect", "127.0.0.1:\(harness.port)", "-CAfile", certificates.path("ca.pem"),
        "-cert", certificates.path("client.pem"), "-key", certificates.path("client.key"),
      ]
      let old = try runOpenSSL(identity + ["-tls1_2", "-alpn", "morlaif/1"])
      #expect(old.status != 0)
      #expect(old.output.contains("alert protocol version"), "\(old.output)")
      let new = try runOpenSSL(identity + ["-tls1_3", "-alpn", "morlaif/1"])
      #expect(new.output.contains("New, TLSv1.3"), "\(new.output)")
      #expect(new.output.contains("ALPN protocol: morlaif/1"), "\(new.output)")
      let other = try runOpenSSL(identity + ["-tls1_3", "-alpn", "h2"])
      #expect(other.output.contains("no application protocol"), "\(other.output)")
    }
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}\u{5}nonsense", "\u{0}\u{0}\u{0}\u{0}\u{0}",
    String(repeating: "garbage ", count: 10_000),
  ])
  func `garbage is refused and the server lives on`(garbage: String) async throws {
    let certificates = try TestCertificates.shared.get()
    try await withServer(tls: certificates.configuration("server")) { harness in
      let peer = try await RawPeer(port: harness.port)
      await peer.send(Array(garbage.utf8))
      _ = try await peer.readToEnd()
      let client = harness.client(certificates.configuration("client"))
      try await call(client)
      await client.close()
    }
  }

  @Test func `W4: a handshake that never ends is cut off`() async throws {
    let certificates = try TestCertificates.shared.get()
    var limits = RPCLimits()
    limits.handshakeTimeout = .milliseconds(50)
    try await withServer(tls: certificates.configuration("server"), limits: limits) { harness in
      let peer = try await RawPeer(port: harness.port)
      let bytes = try await peer.readToEnd()
      #expect(bytes.isEmpty)
    }
  }

  @Test func `plain TCP is not offered beyond loopback`() async throws {
    let server = RPCServer(
      configuration: RPCServerConfiguration(host: "0.0.0.0", port: 0, tls: nil),
      services: [],
      logger: Logger(label: "test")
    )
    let error = await failure { try await server.run() }
    #expect(error?.code == .failedPrecondition)
  }
}

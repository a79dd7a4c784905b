import Foundation
import Logging
import ProtobufRuntime
import RPC
import Testing

/// What a server refuses: each with a line in the log and a count, and it lives on.
@Suite(.timeLimit(.minutes(2)))
struct RPCRefusalTests {
  private static let once: RPCClientConfiguration = {
    var configuration = RPCClientConfiguration()
    configuration.retry.attemptsMax = 1
    return configuration
  }()

  private func call(_ client: RPCClient) async throws {
    let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage(bytes: [1]))
  }

  /// Runs `attack` against a server and expects one failed handshake with this reason, in the
  /// counters and in the log; then a proper client must be served, unless the limits are such that
  /// it may be too slow for them itself.
  private func expectHandshakeFailure(
    _ fault: HandshakeFault,
    server: String = "server",
    limits: RPCLimits = RPCLimits(),
    access: RPCAccessRules? = nil,
    servesOthers: Bool = true,
    _ attack: @Sendable @escaping (ServerHarness, TestCertificates) async throws -> Void
  ) async throws {
    let certificates = try TestCertificates.shared.get()
    let log = LogCapture()
    try await withServer(
      tls: certificates.configuration(server),
      limits: limits,
      access: access,
      logger: log.logger
    ) { harness in
      try await attack(harness, certificates)
      let line = await log.line(with: "warning handshake failed")
      #expect(line.contains("rpc.reason=\(fault.rawValue)"), "\(line)")
      #expect(line.contains("rpc.peer=") && line.contains("127.0.0.1"))
      #expect(harness.server.metrics.snapshot.handshakeFailures == [fault: 1])
      guard server == "server", servesOthers else { return }
      let good = harness.client(certificates.configuration("client"))
      try await call(good)
      await good.close()
      #expect(harness.server.metrics.snapshot.handshakesCompleted == 1)
    }
  }

  private func attempt(
    _ harness: ServerHarness,
    _ tls: TLSConfiguration,
    host: String = "127.0.0.1"
  ) async -> RPCError? {
    let client = harness.client(tls, host: host, Self.once)
    let error = await failure { try await call(client) }
    await client.close()
    return error
  }

  private static let openToAll = RPCAccessRules(
    rules: [.init(identities: ["*"], methods: ["*"])]
  )

  @Test func `a certificate of another CA`() async throws {
    try await expectHandshakeFailure(.unknownAuthority) { harness, certificates in
      #expect(await attempt(harness, certificates.configuration("stranger")) != nil)
    }
  }

  @Test func `an expired certificate`() async throws {
    try await expectHandshakeFailure(.certificateExpired) { harness, certificates in
      #expect(await attempt(harness, certificates.configuration("expired")) != nil)
    }
  }

  @Test func `no certificate`() async throws {
    try await expectHandshakeFailure(.noCertificate) { harness, certificates in
      #expect(await attempt(harness, certificates.configuration(nil)) != nil)
    }
  }

  @Test func `a client that finds the wrong host`() async throws {
    try await expectHandshakeFailure(.refusedByPeer, server: "elsewhere") { harness, certificates in
      #expect(await attempt(harness, certificates.configuration("client")) != nil)
    }
  }

  @Test func `an identity revoked by a rule`() async throws {
    var access = Self.openToAll
    access.revokedIdentities = ["spiffe://example/other"]
    try await expectHandshakeFailure(.certificateRevoked, access: access) { harness, certificates in
      let error = await attempt(harness, certificates.configuration("other"))
      #expect(error?.message.contains("revoked") == true, "\(error?.message ?? "no error")")
    }
  }

  @Test func `a serial number revoked by a rule`() async throws {
    let certificates = try TestCertificates.shared.get()
    let output = try runOpenSSL([
      "x509", "-in", certificates.path("other.pem"), "-noout", "-serial",
    ]).output
    let serial = try #require(output.split(separator: "=").last)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let access = RPCAccessRules(
      rules: Self.openToAll.rules,
      revokedSerials: [serial]
    )
    try await expectHandshakeFailure(.certificateRevoked, access: access) { harness, certificates in
      #expect(await attempt(harness, certificates.configuration("other")) != nil)
    }
  }

  @Test func `TLS 1_2`() async throws {
    try await expectHandshakeFailure(.oldVersion) { harness, certificates in
      _ = try runOpenSSL(identity(certificates, harness) + ["-tls1_2", "-alpn", "morlaif/1"])
    }
  }

  @Test(arguments: [["-alpn", "h2"], []])
  func `another application protocol or none`(alpn: [String]) async throws {
    try await expectHandshakeFailure(.noApplicationProtocol) { harness, certificates in
      _ = try runOpenSSL(identity(certificates, harness) + ["-tls1_3", "-ign_eof"] + alpn)
    }
  }

  @Test(arguments: ["GET / HTTP/1.1\r\n\r\n", "hello, this is no TLS at all"])
  func `plain text`(text: String) async throws {
    try await expectHandshakeFailure(.notTLS) { harness, _ in
      let peer = try await RawPeer(port: harness.port)
      await peer.send(Array(text.utf8))
      _ = try await peer.readToEnd()
    }
  }

  @Test func `garbage that begins like TLS`() async throws {
    try await expectHandshakeFailure(.malformed) { harness, _ in
      let peer = try await RawPeer(port: harness.port)
      await peer.send([0x16, 3, 1, 0, 8] + Array("nonsense".utf8))
      _ = try await peer.readToEnd()
    }
  }

  @Test func `silence`() async throws {
    var limits = RPCLimits()
    limits.firstByteTimeout = .milliseconds(50)
    try await expectHandshakeFailure(.noFirstByte, limits: limits, servesOthers: false) {
      harness,
      _ in
      let peer = try await RawPeer(port: harness.port)
      _ = try await peer.readToEnd()
    }
  }

  @Test func `W4 a handshake that never ends`() async throws {
    var limits = RPCLimits()
    limits.handshakeTimeout = .milliseconds(200)
    try await expectHandshakeFailure(
      .timeout,
      limits: limits,
      servesOthers: false
    ) { harness, _ in
      let peer = try await RawPeer(port: harness.port)
      // The head of a record that promises more than ever comes.
      await peer.send([0x16, 3, 1, 2, 0, 1, 0, 1])
      _ = try await peer.readToEnd()
    }
  }

  @Test func `renegotiation`() async throws {
    let certificates = try TestCertificates.shared.get()
    let log = LogCapture()
    try await withServer(tls: certificates.configuration("server"), logger: log.logger) { harness in
      let proxy = try await ReplayProxy(to: harness.port)
      let client = RPCClient(
        target: RPCTarget(host: "127.0.0.1", port: proxy.port),
        tls: certificates.configuration("client"),
        configuration: Self.once,
        logger: harness.logger
      )
      try await call(client)
      try await proxy.replay()
      let line = await log.line(with: "connection ended: renegotiation")
      #expect(line.contains("rpc.identity=client"))
      #expect(harness.server.metrics.snapshot.renegotiationsRefused == 1)
      await client.close()
      await proxy.close()
    }
  }

  @Test func `W6 an oversized length`() async throws {
    let log = LogCapture()
    try await withServer(tls: nil, logger: log.logger) { harness in
      let peer = try await RawPeer(port: harness.port)
      await peer.send(helloFrame + frame(2, 3, call: 1, length: 65_537))
      _ = try await peer.readToEnd()
      let line = await log.line(with: "connection ended: rule broken")
      #expect(line.contains("rpc.reason=W6"), "\(line)")
      #expect(harness.server.metrics.snapshot.brokenRules == [6: 1])
    }
  }

  @Test func `W25 endless metadata ends the call and W26 the connection`() async throws {
    let log = LogCapture()
    var limits = RPCLimits()
    limits.metadataBytesMax = 1_024
    try await withServer(tls: nil, limits: limits, logger: log.logger) { harness in
      let client = harness.client(nil, Self.once)
      let error = await failure {
        let _: RawMessage = try await client.unary(
          EchoService.Methods.echo,
          RawMessage(),
          options: RPCCallOptions(metadata: ["endless": String(repeating: "x", count: 900)])
        )
      }
      #expect(error == nil)
      let peer = try await RawPeer(port: harness.port)
      // Four entries of 300 bytes are more than a kilobyte; the header block stays within bounds.
      let value = [UInt8](repeating: 0x78, count: 300)
      let entry = [0x1a, 0xb2, 0x02, 0x0a, 1, 0x6b, 0x12, 0xac, 0x02] + value
      var header: [UInt8] = [0x0a, 14] + Array("test.Echo/Echo".utf8)
      for _ in 0..<4 { header += entry }
      await peer.send(helloFrame + frame(2, 3, call: 1, bigEndian(UInt32(header.count)) + header))
      // 20,000 bytes of header block are above metadata_bytes_max + 16,384.
      let endless = [UInt8](repeating: 0, count: 20_000)
      await peer.send(frame(2, 3, call: 2, bigEndian(UInt32(endless.count)) + endless))
      _ = try await peer.readToEnd()
      #expect((await log.line(with: "rule broken")).contains("rpc.reason=W26"))
      let snapshot = harness.server.metrics.snapshot
      #expect(snapshot.callsRefused["RESOURCE_EXHAUSTED"] == 1)
      #expect(snapshot.brokenRules == [26: 1])
      await client.close()
    }
  }

  @Test func `more connections from one address than allowed`() async throws {
    try await expectConnectionRefusal(.address) { $0.connectionsPerAddressMax = 1 }
  }

  @Test func `more connections than allowed`() async throws {
    try await expectConnectionRefusal(.connections) { $0.connectionsMax = 1 }
  }

  @Test func `more handshakes a second than allowed`() async throws {
    try await expectConnectionRefusal(.rate) { $0.handshakesPerSecondMax = 1 }
  }

  private func expectConnectionRefusal(
    _ reason: RPCServerMetrics.ConnectionRefusal,
    _ change: (inout RPCLimits) -> Void
  ) async throws {
    var limits = RPCLimits()
    change(&limits)
    let log = LogCapture()
    try await withServer(tls: nil, limits: limits, logger: log.logger) { harness in
      let first = try await RawPeer(port: harness.port)
      await first.send(helloFrame)
      _ = try await first.read(atLeast: 16)
      // So many at once that one of them meets the limit however slow the machine is.
      var others: [RawPeer] = []
      for _ in 0..<32 { others.append(try await RawPeer(port: harness.port)) }
      let line = await log.line(with: "connection refused")
      for other in others { await other.close() }
      #expect(line.contains("rpc.reason=\(reason.rawValue)"))
      #expect(harness.server.metrics.snapshot.connectionsRefused[reason] ?? 0 >= 1)
      await first.close()
    }
  }

  @Test func `more calls on the server than allowed, but not health checks`() async throws {
    var limits = RPCLimits()
    limits.callsTotalMax = 1
    try await withServer(tls: nil, limits: limits) { harness in
      let holding = harness.client(nil)
      async let held: RawMessage = holding.unary(EchoService.Methods.hold, RawMessage(bytes: [7]))
      await harness.echo.events.wait(for: "hold began")
      let other = harness.client(nil, Self.once)
      let error = await failure { try await call(other) }
      #expect(error?.code == .resourceExhausted)
      #expect(error?.isRetryable == true)
      harness.echo.events.add("release")
      _ = try await held
      #expect(harness.server.metrics.snapshot.callsRefused["RESOURCE_EXHAUSTED"] == 1)
      await holding.close()
      await other.close()
    }
  }

  @Test func `metadata and messages stay out of the log`() async throws {
    let log = LogCapture()
    try await withServer(tls: nil, logger: log.logger) { harness in
      let client = harness.client(nil, Self.once)
      let secret = "open-sesame"
      let _: RawMessage = try await client.unary(
        EchoService.Methods.echo,
        RawMessage(bytes: Array(secret.utf8)),
        options: RPCCallOptions(metadata: ["authorization": secret])
      )
      _ = await failure {
        let _: RawMessage = try await client.unary(
          EchoService.Methods.fail,
          RawMessage(bytes: Array(secret.utf8)),
          options: RPCCallOptions(metadata: ["authorization": secret])
        )
      }
      await client.close()
      #expect(!log.lines.contains { $0.contains(secret) })
    }
  }

  private func identity(_ certificates: TestCertificates, _ harness: ServerHarness) -> [String] {
    [
      "s_client", "-connect", "127.0.0.1:\(harness.port)", "-CAfile", certificates.path("ca.pem"),
      "-cert", certificates.path("client.pem"), "-key", certificates.path("client.key"),
    ]
  }
}

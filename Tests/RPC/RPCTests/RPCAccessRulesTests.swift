import ProtobufRuntime
import RPC
import Testing

/// Which client may call which method.
@Suite(.timeLimit(.minutes(2)))
struct RPCAccessRulesTests {
  private func call(
    _ client: RPCClient,
    _ method: RPCMethod = EchoService.Methods.echo
  ) async throws {
    let _: RawMessage = try await client.unary(method, RawMessage(bytes: [1]))
  }

  private func rules(_ identity: String, _ methods: String...) -> RPCAccessRules {
    RPCAccessRules(rules: [.init(identities: [identity], methods: methods)])
  }

  @Test(
    arguments: [
      ("client", "test.Echo/Echo", true), ("client", "test.Echo/*", true), ("client", "*", true),
      ("*", "*", true), ("trainer.example", "test.Echo/*", true),
      ("client", "test.Echo/Hold", false), ("client", "test.Ech/*", false),
      ("server", "*", false), ("clien", "*", false),
    ]
  )
  func `a rule allows by name and method`(
    identity: String,
    method: String,
    isAllowed: Bool
  ) async throws {
    let certificates = try TestCertificates.shared.get()
    let access = rules(identity, method)
    try await withServer(tls: certificates.configuration("server"), access: access) { harness in
      let client = harness.client(certificates.configuration("client"))
      let error = await failure { try await call(client) }
      #expect(error?.code == (isAllowed ? nil : .permissionDenied))
      if let error {
        #expect(error.message == "client may not call test.Echo/Echo: no access rule allows it")
        #expect(harness.server.metrics.snapshot.callsDenied == 1)
      }
      await client.close()
    }
  }

  @Test func `a denial is logged with identity and method`() async throws {
    let certificates = try TestCertificates.shared.get()
    let log = LogCapture()
    try await withServer(
      tls: certificates.configuration("server"),
      access: rules("somebody", "*"),
      logger: log.logger
    ) { harness in
      let client = harness.client(certificates.configuration("other"))
      #expect(await failure { try await call(client) }?.code == .permissionDenied)
      let line = await log.line(with: "call denied")
      #expect(line.contains("rpc.identity=other"))
      #expect(line.contains("rpc.method=test.Echo/Echo"))
      await client.close()
    }
  }

  @Test func `other rules hold for open connections`() async throws {
    let certificates = try TestCertificates.shared.get()
    try await withServer(tls: certificates.configuration("server")) { harness in
      let client = harness.client(certificates.configuration("client"))
      try await call(client)
      try harness.server.setAccess(rules("client", "test.Echo/Who"))
      #expect(await failure { try await call(client) }?.code == .permissionDenied)
      try await call(client, EchoService.Methods.who)
      try harness.server.setAccess(nil)
      try await call(client)
      #expect(harness.server.metrics.snapshot.connectionsAccepted == 1)
      await client.close()
    }
  }

  @Test func `a revoked client loses its open connection`() async throws {
    let certificates = try TestCertificates.shared.get()
    let log = LogCapture()
    try await withServer(
      tls: certificates.configuration("server"),
      logger: log.logger
    ) { harness in
      var configuration = RPCClientConfiguration()
      configuration.retry.attemptsMax = 1
      let revoked = harness.client(certificates.configuration("other"), configuration)
      let good = harness.client(certificates.configuration("client"))
      try await call(revoked)
      try await call(good)
      var access = rules("*", "*")
      access.revokedIdentities = ["other"]
      try harness.server.setAccess(access)
      let line = await log.line(with: "connection ended: revoked")
      #expect(line.contains("rpc.identity=other"))
      #expect(await failure { try await call(revoked) }?.code == .unavailable)
      try await call(good)
      await revoked.close()
      await good.close()
    }
  }

  @Test func `a rule for a method that is not there is refused and changes nothing`() async throws {
    let certificates = try TestCertificates.shared.get()
    try await withServer(tls: certificates.configuration("server")) { harness in
      let error = await failure {
        try harness.server.setAccess(rules("client", "test.Echo/Ecko", "other.Service/Any"))
      }
      #expect(error?.message.contains("test.Echo/Ecko") == true)
      let client = harness.client(certificates.configuration("client"))
      try await call(client)
      await client.close()
    }
  }

  @Test func `serial numbers are told in any usual way`() {
    for text in ["0A:1B", "a1b", "0x0A1B", "000a1B"] {
      #expect(
        RPCAccessRules(rules: [], revokedSerials: [text]).revokedSerials == ["a1b"]
      )
    }
  }
}

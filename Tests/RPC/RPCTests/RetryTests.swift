import Logging
import ProtobufRuntime
import RPC
import Testing

/// Pauses, budgets and the rules of what may be sent again, by a clock of the test's own.
@Suite(.timeLimit(.minutes(2)))
struct RetryTests {
  private func client(
    port: Int,
    _ timer: ManualTimer,
    _ configuration: RPCClientConfiguration = RPCClientConfiguration()
  ) -> RPCClient {
    RPCClient(
      targets: [RPCTarget(host: "127.0.0.1", port: port)],
      tls: nil,
      configuration: configuration,
      logger: Logger(label: "test"),
      surroundings: surroundings(timer)
    )
  }

  @Test func `pauses grow to their limit and jitter takes at most half`() {
    let policy = RPCRetryPolicy()
    let longest = (1...8).map {
      (policy.pause(afterFailures: $0, jitter: 1) / .milliseconds(1)).rounded()
    }
    #expect(longest == [50, 100, 200, 400, 800, 1_600, 2_000, 2_000])
    #expect(policy.pause(afterFailures: 3, jitter: 0) == .milliseconds(100))
    #expect(policy.pause(afterFailures: 1_000_000, jitter: 0.5) == .milliseconds(1_500))
  }

  @Test func `W38 attempts to connect come apart by growing pauses`() async throws {
    let port = try await withServer(tls: nil) { harness in harness.port }
    let events = Events()
    let timer = ManualTimer(events)
    let client = client(port: port, timer)
    // Two pauses for each attempt after the first: the call's, and the connection's.
    async let skipping: Void = timer.skipPauses(6)
    let error = await failure {
      let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
    }
    await skipping
    #expect(error?.code == .unavailable)
    #expect(
      timer.pauses == [25, 25, 50, 50, 100, 100].map { Duration.milliseconds($0) }
    )
    await client.close()
  }

  @Test func `a call that a server failed is not made again unless the method allows it`()
    async throws
  {
    try await withServer(tls: nil) { harness in
      let client = harness.client(nil)
      let plain = RPCMethod(service: "test.Echo", name: "Flaky", kind: .unary)
      let error = await failure {
        let _: RawMessage = try await client.unary(plain, RawMessage())
      }
      #expect(error?.message == "attempt 1")
      let reply: RawMessage = try await client.unary(EchoService.Methods.flaky, RawMessage())
      #expect(reply.bytes == [3])
      await client.close()
    }
  }

  @Test func `W38: a handler whose own call nobody saw does not say so of the call it serves`()
    async throws
  {
    let gone = try await withServer(tls: nil) { harness in harness.port }
    try await withServer(tls: nil, service: RelayService(port: gone)) { harness in
      let client = harness.client(nil)
      let error = await failure {
        let _: RawMessage = try await client.unary(RelayService.relay, RawMessage())
      }
      #expect(error?.code == .unavailable)
      #expect(error?.isUnprocessed == false)
      await client.close()
    }
  }

  @Test func `the budget ends retries when most calls fail`() async throws {
    try await withServer(tls: nil) { harness in
      var configuration = RPCClientConfiguration()
      configuration.retryBudget.tokensMax = 10
      configuration.retry.firstPause = .milliseconds(1)
      configuration.retry.pauseMax = .milliseconds(1)
      let client = harness.client(nil, configuration)
      // Every call is tried four times until half of the tokens are gone.
      for _ in 0..<10 {
        _ = await failure {
          let _: RawMessage = try await client.unary(EchoService.Methods.away, RawMessage())
        }
      }
      let sent = harness.echo.events.value("away")
      // The first call's four failures leave six; the fifth leaves half, and from then on each call
      // is sent once.
      #expect(sent == 4 + 9)
      await client.close()
    }
  }

  /// Pauses of retries; the delay of hedging is a minute here.
  private func retryPauses(_ timer: ManualTimer) -> [Duration] {
    timer.pauses.filter { $0 < .seconds(1) }
  }

  private static let hedged = RPCCallOptions(
    hedging: RPCHedgingPolicy(delay: .seconds(60), attemptsMax: 3)
  )

  @Test func `a hedged read that its only server fails is sent again after a pause`() async throws {
    try await withServer(tls: nil) { harness in
      let timer = ManualTimer(Events())
      let client = client(port: harness.port, timer)
      let away = RPCMethod(service: "test.Echo", name: "Away", kind: .unary, isReadOnly: true)
      async let skipping: Void = timer.skipPauses(4)
      let error = await failure {
        let _: RawMessage = try await client.unary(away, RawMessage(), options: Self.hedged)
      }
      await skipping
      #expect(error?.code == .unavailable)
      #expect(harness.echo.events.value("away") == 3)
      #expect(retryPauses(timer) == [.milliseconds(25), .milliseconds(50)])
      await client.close()
    }
  }

  @Test func `a hedged read that reaches no server draws nothing from the budget`() async throws {
    let port = try await withServer(tls: nil) { harness in harness.port }
    let timer = ManualTimer(Events())
    var configuration = RPCClientConfiguration()
    // One draw would leave half of it, and no second attempt.
    configuration.retryBudget.tokensMax = 2
    let client = client(port: port, timer, configuration)
    let read = RPCMethod(service: "test.Echo", name: "Echo", kind: .unary, isReadOnly: true)
    async let skipping: Void = timer.skipPauses(6)
    let error = await failure {
      let _: RawMessage = try await client.unary(read, RawMessage(), options: Self.hedged)
    }
    await skipping
    #expect(error?.code == .unavailable)
    // Two for each attempt after the first: the call's, and the connection's.
    #expect(retryPauses(timer) == [25, 25, 50, 50].map { .milliseconds($0) })
    await client.close()
  }

  @Test func `a policy of its own changes one method only`() async throws {
    try await withServer(tls: nil) { harness in
      var configuration = RPCClientConfiguration()
      var once = RPCRetryPolicy()
      once.attemptsMax = 1
      configuration.methods["test.Echo/Flaky"] = RPCMethodPolicy(retry: once)
      configuration.methods["test.Echo/Hold"] = RPCMethodPolicy(timeout: .milliseconds(20))
      let client = harness.client(nil, configuration)
      let error = await failure {
        let _: RawMessage = try await client.unary(EchoService.Methods.flaky, RawMessage())
      }
      #expect(error?.message == "attempt 1")
      let late = await failure {
        let _: RawMessage = try await client.unary(EchoService.Methods.hold, RawMessage())
      }
      #expect(late?.code == .deadlineExceeded)
      await client.close()
    }
  }

  @Test func `calls have a timeout unless told otherwise`() async throws {
    try await withServer(tls: nil) { harness in
      let client = harness.client(nil)
      let reply: RawMessage = try await client.unary(EchoService.Methods.who, RawMessage())
      #expect(String(decoding: reply.bytes, as: UTF8.self).hasSuffix(",deadline"))
      await client.close()
    }
  }

  @Test func `W36 a stream that the server never took is opened again`() async throws {
    let server = try await LyingServer { connection in
      // Takes nothing: says so, and leaves.
      switch connection {
      case 1: [helloFrame + frame(10, 0, [])]
      default: [helloFrame, frame(3, call: 1, [42]) + frame(5, call: 1, bigEndian(UInt32(0)))]
      }
    }
    var configuration = RPCClientConfiguration()
    configuration.retry.firstPause = .milliseconds(1)
    let client = RPCClient(
      target: RPCTarget(host: "127.0.0.1", port: server.port),
      tls: nil,
      configuration: configuration,
      logger: Logger(label: "test")
    )
    let seen = try await client.serverStreaming(EchoService.Methods.count, RawMessage()) {
      (replies: RPCStream<RawMessage>) in
      var seen: [UInt8] = []
      for try await reply in replies { seen += reply.bytes }
      return seen
    }
    #expect(seen == [42])
    await client.close()
    await server.close()
  }
}

/// Hands on what its own call to a port where nobody listens ends with.
private struct RelayService: RPCService {
  static let relay = RPCMethod(service: "test.Relay", name: "Relay", kind: .unary)

  let port: Int
  let serviceName = "test.Relay"
  let descriptorSet: [UInt8] = []

  func register(in router: inout RPCRouter) {
    let port = port
    router.unary(Self.relay) { (request: RawMessage, _) -> RawMessage in
      var configuration = RPCClientConfiguration()
      configuration.retry.attemptsMax = 1
      let client = RPCClient(
        target: RPCTarget(host: "127.0.0.1", port: port),
        tls: nil,
        configuration: configuration,
        logger: Logger(label: "test")
      )
      let outcome = await failure {
        let _: RawMessage = try await client.unary(EchoService.Methods.echo, request)
      }
      await client.close()
      if let outcome { throw outcome }
      return request
    }
  }
}

import Logging
import NIOCore
import ProtobufRuntime
import RPC
import ServiceLifecycle
import Testing

/// What a server counts about its calls.
@Suite(.timeLimit(.minutes(2)))
struct ServerMetricsTests {
  @Test func `calls are counted by method and code, with their durations and bytes`() async throws {
    try await withServer(tls: nil) { harness in
      let client = harness.client(nil)
      for _ in 0..<3 {
        let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
      }
      _ = await failure {
        let _: RawMessage = try await client.unary(
          EchoService.Methods.fail,
          RawMessage(bytes: [1])
        )
      }
      _ = await failure {
        let _: RawMessage = try await client.unary(EchoService.Methods.missing, RawMessage())
      }
      let snapshot = harness.server.metrics.snapshot
      let echo = try #require(snapshot.methods["test.Echo/Echo"])
      #expect(echo.begun == 3 && echo.latency.count == 3)
      #expect(echo.byCode.map(\.code) == ["OK"] && echo.byCode.map(\.count) == [3])
      let fail = try #require(snapshot.methods["test.Echo/Fail"])
      #expect(fail.byCode.map(\.code) == ["FAILED_PRECONDITION"])
      #expect(snapshot.methods["test.Echo/Missing"] == nil)
      #expect(snapshot.callsRefused == ["UNIMPLEMENTED": 1])
      #expect(snapshot.connectionsOpen == 1 && snapshot.handshakesCompleted == 1)
      #expect(snapshot.bytesReceived > 100 && snapshot.bytesSent > 100)
      await client.close()
    }
  }

  @Test func `an open call is counted until its handler has returned`() async throws {
    try await withServer(tls: nil) { harness in
      let client = harness.client(nil)
      async let held: RawMessage = client.unary(EchoService.Methods.hold, RawMessage(bytes: [1]))
      await harness.echo.events.wait(for: "hold began")
      #expect(harness.server.metrics.snapshot.callsOpen == 1)
      harness.echo.events.add("release")
      _ = try await held
      let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
      #expect(harness.server.metrics.snapshot.callsOpen == 0)
      await client.close()
    }
  }

  @Test func `a duration falls into the first bound that holds it`() {
    var histogram = RPCLatencyHistogram()
    for value in [0, 100, 101, 300_000_001] as [Int64] { histogram.record(microseconds: value) }
    #expect(histogram.counts.first == 2)
    #expect(histogram.counts[1] == 1)
    #expect(histogram.counts.last == 1)
    #expect(histogram.count == 4 && histogram.sumMicroseconds == 300_000_202)
  }

  @Test func `a server that loads says so and takes calls when it has loaded`() async throws {
    let logger = Logger(label: "test")
    let health = HealthRegistry()
    health.expect(["test.Echo"], detail: "loading")
    let server = RPCServer(
      configuration: RPCServerConfiguration(host: "127.0.0.1", port: 0, tls: nil),
      services: [],
      isLoading: true,
      logger: logger,
      health: health
    )
    let group = ServiceGroup(services: [server], logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      await server.waitUntilListening()
      var configuration = RPCClientConfiguration()
      configuration.retry.attemptsMax = 1
      let client = RPCClient(
        target: RPCTarget(host: "127.0.0.1", port: server.boundPort ?? 0),
        tls: nil,
        configuration: configuration,
        logger: logger
      )
      let early = await failure {
        let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
      }
      #expect(early?.code == .unavailable && early?.isUnprocessed == true)
      #expect(health.report("test.Echo")?.status == .starting)
      #expect(health.report("")?.status == .starting)
      try server.install([EchoService()])
      let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
      #expect(health.report("test.Echo")?.status == .serving)
      #expect(health.report("")?.status == .serving)
      await client.close()
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }
}

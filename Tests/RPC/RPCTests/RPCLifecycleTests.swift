import Logging
import ProtobufRuntime
import RPC
import ServiceLifecycle
import Testing

/// Deadlines, cancellation, flow control, reconnecting and stopping.
@Suite(.timeLimit(.minutes(2)))
struct RPCLifecycleTests {
  @Test func `a deadline ends the call on both sides`() async throws {
    try await withServer(tls: nil) { harness in
      let client = harness.client(nil)
      // Connected beforehand, or the time might run out before the call is sent.
      let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
      let error = await failure {
        let _: RawMessage = try await client.unary(
          EchoService.Methods.hold,
          RawMessage(),
          options: RPCCallOptions(timeout: .milliseconds(50))
        )
      }
      #expect(error?.code == .deadlineExceeded)
      await harness.echo.events.wait(for: "hold cancelled")
      await client.close()
    }
  }

  @Test func `a cancelled caller cancels the handler`() async throws {
    try await withServer(tls: nil) { harness in
      let client = harness.client(nil)
      let call = Task {
        await failure {
          let _: RawMessage = try await client.unary(EchoService.Methods.hold, RawMessage())
        }
      }
      await harness.echo.events.wait(for: "hold began")
      call.cancel()
      #expect(await call.value?.code == .cancelled)
      await harness.echo.events.wait(for: "hold cancelled")
      await client.close()
    }
  }

  @Test func `a closed client cancels its handlers`() async throws {
    try await withServer(tls: nil) { harness in
      let client = harness.client(nil)
      async let outcome = failure {
        let _: RawMessage = try await client.unary(EchoService.Methods.hold, RawMessage())
      }
      await harness.echo.events.wait(for: "hold began")
      await client.close()
      #expect(await outcome?.code == .cancelled)
      await harness.echo.events.wait(for: "hold cancelled")
    }
  }

  @Test func `a reader that leaves early stops the writer`() async throws {
    try await withServer(tls: nil) { harness in
      let client = harness.client(nil)
      let first = try await client.serverStreaming(
        EchoService.Methods.count,
        RawMessage(bytes: [255])
      ) { (replies: RPCStream<RawMessage>) in
        var iterator = replies.makeAsyncIterator()
        return try await iterator.next()?.bytes
      }
      #expect(first == [0])
      // The server can only stop gracefully when the endless handler has ended.
      await client.close()
    }
  }

  @Test func `a reader that stops reading bounds the writer and not its neighbours`() async throws {
    try await withServer(tls: nil) { harness in
      var configuration = RPCClientConfiguration()
      configuration.limits.callWindowBytes = 262_144
      let client = harness.client(nil, configuration)
      try await client.serverStreaming(
        EchoService.Methods.count,
        RawMessage(bytes: [255, 10])
      ) { (replies: RPCStream<RawMessage>) in
        var iterator = replies.makeAsyncIterator()
        _ = try await iterator.next()
        for _ in 0..<200 {
          let _: RawMessage = try await client.unary(
            EchoService.Methods.echo,
            RawMessage(bytes: [1])
          )
        }
        // A window of 256 KiB holds 25 messages of 10 KiB; one more is on its way on each side.
        let written = harness.echo.events.value("written")
        #expect((25...28).contains(written))
        for _ in 0..<100 { _ = try await iterator.next() }
        await harness.echo.events.wait(until: "written", isAtLeast: 100)
      }
      await client.close()
    }
  }

  @Test func `calls in flight finish when the server stops`() async throws {
    try await withServer(tls: nil) { harness in
      let client = harness.client(nil)
      async let reply: RawMessage = client.unary(
        EchoService.Methods.hold,
        RawMessage(bytes: [7])
      )
      await harness.echo.events.wait(for: "hold began")
      await harness.stop()
      var configuration = RPCClientConfiguration()
      configuration.retry.attemptsMax = 1
      let late = harness.client(nil, host: "127.0.0.1", configuration)
      // The listener goes first, so that at some point nobody gets in any more.
      var error: RPCError?
      while error == nil {
        error = await failure {
          let _: RawMessage = try await late.unary(EchoService.Methods.echo, RawMessage())
        }
      }
      #expect(error?.code == .unavailable)
      #expect(error?.isRetryable == true)
      harness.echo.events.add("release")
      let bytes = try await reply.bytes
      #expect(bytes == [7])
      await late.close()
      await client.close()
    }
  }

  @Test func `a handler that does not finish is cut off after the drain timeout`() async throws {
    var limits = RPCLimits()
    limits.drainTimeout = .milliseconds(50)
    try await withServer(tls: nil, limits: limits) { harness in
      let client = harness.client(nil)
      async let outcome = failure {
        let _: RawMessage = try await client.unary(EchoService.Methods.hold, RawMessage())
      }
      await harness.echo.events.wait(for: "hold began")
      await harness.stop()
      #expect(await outcome?.code == .unavailable)
      await harness.echo.events.wait(for: "hold cancelled")
      await client.close()
    }
  }

  @Test func `a client finds a server that was started again`() async throws {
    let logger = Logger(label: "test")
    let port = try await withServer(tls: nil) { harness in harness.port }
    let client = RPCClient(
      target: RPCTarget(host: "127.0.0.1", port: port),
      tls: nil,
      logger: logger
    )
    for _ in 0..<2 {
      let server = RPCServer(
        configuration: RPCServerConfiguration(host: "127.0.0.1", port: port, tls: nil),
        services: [EchoService()],
        logger: logger
      )
      let group = ServiceGroup(services: [server], logger: logger)
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        await server.waitUntilListening()
        let reply: RawMessage = try await client.unary(
          EchoService.Methods.echo,
          RawMessage(bytes: [1])
        )
        #expect(reply.bytes == [1])
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
      }
    }
    await client.close()
  }

  @Test func `a server that is not there is unavailable and says where`() async throws {
    let port = try await withServer(tls: nil) { harness in harness.port }
    let client = RPCClient(
      target: RPCTarget(host: "127.0.0.1", port: port),
      tls: nil,
      logger: Logger(label: "test")
    )
    let error = await failure {
      let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
    }
    #expect(error?.code == .unavailable)
    #expect(error?.isRetryable == true)
    #expect(error?.message.contains("127.0.0.1:\(port)") == true)
    await client.close()
  }

  @Test func `an address that refuses does not keep the client from the name's next one`()
    async throws
  {
    let certificates = try TestCertificates.shared.get()
    try await withServer(tls: certificates.configuration("server")) { harness in
      var surroundings = ClientSurroundings.system
      surroundings.resolver = TwoAddresses(port: harness.port)
      let client = RPCClient(
        targets: [RPCTarget(host: "localhost", port: harness.port)],
        tls: certificates.configuration("client"),
        configuration: RPCClientConfiguration(),
        logger: Logger(label: "test"),
        surroundings: surroundings
      )
      let reply: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
      #expect(reply == RawMessage())
      await client.close()
    }
  }

  @Test func `a call after close is cancelled`() async throws {
    try await withServer(tls: nil) { harness in
      let client = harness.client(nil)
      await client.close()
      let error = await failure {
        let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
      }
      #expect(error?.code == .cancelled)
    }
  }

  @Test func `a handler may work elsewhere and answer afterwards`() async throws {
    try await withServer(tls: nil) { harness in
      let client = harness.client(nil)
      // The task that calls prefers the connection's own loop; nothing may hang.
      let reply = try await withTaskExecutorPreference(client.taskExecutor) {
        () async throws -> RawMessage in
        try await client.unary(EchoService.Methods.echo, RawMessage(bytes: [4]))
      }
      #expect(reply.bytes == [4])
      await client.close()
    }
  }
}

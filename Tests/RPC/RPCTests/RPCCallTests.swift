import ProtobufRuntime
import RPC
import Testing

/// All four kinds of methods, over mutual TLS.
@Suite(.timeLimit(.minutes(2)))
struct RPCCallTests {
  private func withClient<Result: Sendable>(
    limits: RPCLimits = RPCLimits(),
    _ body: @Sendable (RPCClient, ServerHarness) async throws -> Result
  ) async throws -> Result {
    let certificates = try TestCertificates.shared.get()
    return try await withServer(tls: certificates.configuration("server"), limits: limits) {
      harness in
      let client = harness.client(certificates.configuration("client"))
      let result = try await body(client, harness)
      await client.close()
      return result
    }
  }

  @Test func `a unary call brings back its reply`() async throws {
    try await withClient { client, _ in
      let reply: RawMessage = try await client.unary(
        EchoService.Methods.echo,
        RawMessage(bytes: [1, 2, 3])
      )
      #expect(reply.bytes == [1, 2, 3])
    }
  }

  @Test(arguments: [0, 1, 65_000, 65_536, 262_144, 1_000_000, 20_000_000])
  func `messages of any size travel both ways`(byteCount: Int) async throws {
    try await withClient { client, _ in
      let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0) }
      let reply: RawMessage = try await client.unary(
        EchoService.Methods.echo,
        RawMessage(bytes: bytes)
      )
      #expect(reply.bytes == bytes)
    }
  }

  @Test func `replies of a server stream come in order and then end`() async throws {
    try await withClient { client, _ in
      let seen = try await client.serverStreaming(
        EchoService.Methods.count,
        RawMessage(bytes: [200, 10])
      ) { (replies: RPCStream<RawMessage>) in
        var seen: [UInt8] = []
        for try await reply in replies { seen.append(reply.bytes[0]) }
        return seen
      }
      #expect(seen == Array(0..<200))
    }
  }

  @Test func `an error after replies comes after them`() async throws {
    try await withClient { client, _ in
      let seen = Events()
      let error = await failure {
        try await client.serverStreaming(
          EchoService.Methods.count,
          RawMessage(bytes: [3, 1, 1])
        ) { (replies: RPCStream<RawMessage>) in
          for try await reply in replies { seen.add("\(reply.bytes[0])") }
        }
      }
      #expect(error?.code == .dataLoss)
      #expect(seen.has("2"))
    }
  }

  @Test func `a client stream is summed up in one reply`() async throws {
    try await withClient { client, _ in
      let reply: RawMessage = try await client.clientStreaming(EchoService.Methods.total) {
        (requests: RPCWriter<RawMessage>) in
        for _ in 0..<300 {
          try await requests.write(RawMessage(bytes: [UInt8](repeating: 1, count: 5_000)))
        }
      }
      #expect(String(decoding: reply.bytes, as: UTF8.self) == "1500000")
    }
  }

  @Test func `a server that answers early stops the client's requests`() async throws {
    try await withClient { client, _ in
      let error = await failure {
        let _: RawMessage = try await client.clientStreaming(EchoService.Methods.total) {
          (requests: RPCWriter<RawMessage>) in
          while true { try await requests.write(RawMessage(bytes: [99])) }
        }
      }
      #expect(error?.code == .outOfRange)
      #expect(error?.message == "99 is too much")
    }
  }

  @Test func `both sides of a bidirectional call take turns`() async throws {
    try await withClient { client, _ in
      let seen = try await client.bidirectional(EchoService.Methods.mirror) {
        (requests: RPCWriter<RawMessage>, replies: RPCStream<RawMessage>) in
        var seen: [UInt8] = []
        var iterator = replies.makeAsyncIterator()
        for number in UInt8(0)..<100 {
          try await requests.write(RawMessage(bytes: [number]))
          if let reply = try await iterator.next() { seen += reply.bytes }
        }
        requests.finish()
        while let reply = try await iterator.next() { seen += reply.bytes }
        return seen
      }
      #expect(seen == Array(0..<100))
    }
  }

  @Test func `a handler's RPCError travels with code, text and metadata`() async throws {
    try await withClient { client, _ in
      let error = await failure {
        let _: RawMessage = try await client.unary(
          EchoService.Methods.fail,
          RawMessage(bytes: [1])
        )
      }
      #expect(error?.code == .failedPrecondition)
      #expect(error?.message == "no model is loaded")
      #expect(error?.metadata["hint"] == "load one")
      #expect(error?.isRetryable == false)
    }
  }

  @Test func `any other error of a handler is unknown with its text`() async throws {
    try await withClient { client, _ in
      let error = await failure {
        let _: RawMessage = try await client.unary(EchoService.Methods.fail, RawMessage())
      }
      #expect(error?.code == .unknown)
      #expect(error?.message == "UnsaidError()")
    }
  }

  @Test func `an unknown method is unimplemented and named`() async throws {
    try await withClient { client, _ in
      let error = await failure {
        let _: RawMessage = try await client.unary(EchoService.Methods.missing, RawMessage())
      }
      #expect(error?.code == .unimplemented)
      #expect(error?.message.contains("test.Echo/Missing") == true)
    }
  }

  @Test func `a handler sees who calls, with what metadata and time`() async throws {
    try await withClient { client, _ in
      let reply: RawMessage = try await client.unary(
        EchoService.Methods.who,
        RawMessage(),
        options: RPCCallOptions(timeout: .seconds(60), metadata: ["a": "1", "b": "ü\u{0}"])
      )
      #expect(
        String(decoding: reply.bytes, as: UTF8.self)
          == "client,trainer.example,deadline,a=1,b=ü\u{0}"
      )
    }
  }

  @Test(arguments: ["Upper", "", "sp ace", String(repeating: "k", count: 65)])
  func `metadata keys that are not allowed are refused`(key: String) async throws {
    try await withClient { client, _ in
      let error = await failure {
        let _: RawMessage = try await client.unary(
          EchoService.Methods.echo,
          RawMessage(),
          options: RPCCallOptions(metadata: RPCMetadata(dictionaryLiteral: (key, "x")))
        )
      }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test func `a message above the server's limit is refused before it is sent`() async throws {
    var limits = RPCLimits()
    limits.messageBytesMax = 1_024
    try await withClient(limits: limits) { client, _ in
      let error = await failure {
        let _: RawMessage = try await client.unary(
          EchoService.Methods.echo,
          RawMessage(bytes: [UInt8](repeating: 0, count: 1_025))
        )
      }
      #expect(error?.code == .resourceExhausted)
      #expect(error?.message.contains("1024") == true)
      let reply: RawMessage = try await client.unary(
        EchoService.Methods.echo,
        RawMessage(bytes: [UInt8](repeating: 0, count: 1_024))
      )
      #expect(reply.bytes.count == 1_024)
    }
  }

  @Test func `an idempotent call is tried again while the service is unavailable`() async throws {
    try await withClient { client, _ in
      let reply: RawMessage = try await client.unary(EchoService.Methods.flaky, RawMessage())
      #expect(reply.bytes == [3])
    }
  }

  @Test func `ten thousand calls at 128 in flight all come back`() async throws {
    try await withClient { client, _ in
      let total = try await withThrowingTaskGroup(of: Int.self) { group in
        for worker in 0..<128 {
          group.addTask {
            var sum = 0
            for call in 0..<79 {
              let bytes = [UInt8](repeating: UInt8(worker), count: 1 + call)
              let reply: RawMessage = try await client.unary(
                EchoService.Methods.echo,
                RawMessage(bytes: bytes)
              )
              if reply.bytes == bytes { sum += 1 }
            }
            return sum
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(total == 128 * 79)
    }
  }

  @Test func `calls beyond the server's limit wait their turn`() async throws {
    var limits = RPCLimits()
    limits.callsMax = 2
    try await withClient(limits: limits) { client, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<50 {
          group.addTask {
            let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
          }
        }
        try await group.waitForAll()
      }
    }
  }
}

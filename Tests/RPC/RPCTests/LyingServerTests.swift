import Logging
import ProtobufRuntime
import RPC
import Testing

/// Servers that do not keep the rules: the client says what was wrong and lives on.
@Suite(.timeLimit(.minutes(2)))
struct LyingServerTests {
  /// What a server says, and what the client must say about it.
  struct Lie: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let pieces: [[UInt8]]
    let words: String
    var code = RPCError.Code.unavailable

    init(_ name: String, _ pieces: [[UInt8]], _ words: String, _ code: RPCError.Code = .unavailable)
    {
      (testDescription, self.pieces, self.words, self.code) = (name, pieces, words, code)
    }
  }

  private static let ok = bigEndian(UInt32(0))

  static let lies: [Lie] = [
    Lie("garbage", [Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)], "broke the wire protocol: W"),
    Lie("a frame before HELLO", [frame(8, 0, [])], "W10"),
    Lie("limits of nothing", [frame(1, 0, [0x08, 1, 0x10, 1, 0x28, 1])], "W13"),
    Lie("a version of tomorrow", [frame(1, 0, [0x08, 2, 0x10, 9])], "W11"),
    Lie("an unknown frame", [helloFrame, frame(99, 0, [])], "W5"),
    Lie("a payload of 4 GiB", [helloFrame, frame(3, 0, call: 1, length: 0xffff_ffff)], "W6"),
    Lie(
      "a STATUS that is not one",
      [helloFrame, frame(5, 0, call: 1, bigEndian(UInt32(2)) + [0x08, 0xff])],
      "W7"
    ),
    Lie("a call of its own", [helloFrame, frame(2, 1, call: 1, callPayload("a/b"))], "W5"),
    Lie("a reply to another call", [helloFrame, frame(5, 0, call: 77, ok)], "W15"),
    Lie(
      "a header block beyond its frame",
      [helloFrame, frame(5, 0, call: 1, bigEndian(UInt32(9)))],
      "W26"
    ),
    Lie(
      "a window without end",
      [helloFrame, frame(7, 0, call: 1, [0x08, 0xff, 0xff, 0xff, 0xff, 0x07])],
      "W29"
    ),
    Lie("compression nobody asked for", [helloFrame, frame(5, 0x0a, call: 1, ok + [1])], "W5"),
    Lie(
      "OK without a reply",
      [helloFrame, frame(5, 0, call: 1, ok)],
      "without a reply",
      .internal
    ),
    Lie(
      "two replies",
      [helloFrame, frame(3, 0, call: 1, [1]) + frame(5, 2, call: 1, ok + [2])],
      "more than one",
      .internal
    ),
    Lie("a good-bye", [helloFrame, frame(10, 0, [0x10, 13])], "closing", .unavailable),
  ]

  private func client(_ server: LyingServer) -> RPCClient {
    var configuration = RPCClientConfiguration()
    configuration.retry.attemptsMax = 1
    configuration.limits.handshakeTimeout = .milliseconds(200)
    return RPCClient(
      target: RPCTarget(host: "127.0.0.1", port: server.port),
      tls: nil,
      configuration: configuration,
      logger: Logger(label: "test")
    )
  }

  @Test(arguments: lies)
  func `a server that lies is told apart and left`(lie: Lie) async throws {
    let server = try await LyingServer { _ in lie.pieces }
    let client = client(server)
    let error = await failure {
      let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
    }
    #expect(error?.code == lie.code)
    #expect(error?.message.contains(lie.words) == true, "\(error?.message ?? "no error")")
    await client.close()
    await server.close()
  }

  @Test func `W4 a server that never says HELLO is given up`() async throws {
    let server = try await LyingServer { _ in [] }
    let client = client(server)
    let error = await failure {
      let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
    }
    #expect(error?.code == .unavailable)
    #expect(error?.message.contains("HELLO") == true)
    await client.close()
    await server.close()
  }

  @Test func `a server that drops every connection is not asked without a pause`() async throws {
    let connections = Counter()
    let server = try await LyingServer { _ in
      _ = connections.next()
      return [helloFrame + frame(99, 0, [])]
    }
    let events = Events()
    let timer = ManualTimer(events)
    let client = RPCClient(
      targets: [
        RPCTarget(host: "127.0.0.1", port: server.port),
        RPCTarget(host: "127.0.0.1", port: server.port),
      ],
      tls: nil,
      configuration: RPCClientConfiguration(),
      logger: Logger(label: "test"),
      surroundings: surroundings(timer)
    )
    async let outcome = failure {
      let _: RawMessage = try await client.unary(
        EchoService.Methods.echo,
        RawMessage(),
        options: RPCCallOptions(timeout: .seconds(100_000))
      )
    }
    await timer.skipPauses(20)
    // Each connection to either endpoint cost a pause, so twenty pauses saw at most so many.
    #expect(connections.next() <= 24)
    await client.close()
    _ = await outcome
    await server.close()
  }
}

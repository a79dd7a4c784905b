import CZlib
import ProtobufRuntime
import RPC
import RPCWire
import Testing

/// Compressed messages between real peers, and what a hostile one may try with them.
@Suite(.timeLimit(.minutes(2)))
struct CompressionTests {
  private func withClient<Result: Sendable>(
    server: Bool = true,
    client: Bool = true,
    limits: RPCLimits = RPCLimits(),
    _ body: @Sendable (RPCClient, ServerHarness) async throws -> Result
  ) async throws -> Result {
    try await withServer(tls: nil, limits: limits, compression: server) { harness in
      var configuration = RPCClientConfiguration()
      configuration.compression = client
      let rpc = harness.client(nil, configuration)
      let result = try await body(rpc, harness)
      await rpc.close()
      return result
    }
  }

  /// A text that zlib likes.
  private static let text = Array(String(repeating: "to be or not to be, ", count: 50_000).utf8)

  @Test(arguments: [false, true], [false, true])
  func `W39 every mixture of old and new peers understands each other`(
    client: Bool,
    server: Bool
  ) async throws {
    try await withClient(server: server, client: client) { rpc, _ in
      for bytes in [[], [1, 2, 3], Self.text, [UInt8](repeating: 9, count: 5_000_000)] {
        let reply: RawMessage = try await rpc.unary(
          EchoService.Methods.echo,
          RawMessage(bytes: bytes)
        )
        #expect(reply.bytes == bytes)
      }
      let seen = try await rpc.bidirectional(EchoService.Methods.mirror) {
        (requests: RPCWriter<RawMessage>, replies: RPCStream<RawMessage>) in
        var iterator = replies.makeAsyncIterator()
        var seen = 0
        for _ in 0..<20 {
          try await requests.write(RawMessage(bytes: Self.text))
          if try await iterator.next()?.bytes == Self.text { seen += 1 }
        }
        requests.finish()
        return seen
      }
      #expect(seen == 20)
    }
  }

  @Test func `W40 a compressed message costs the window what its stream has`() async throws {
    let proxy = FaultProxy()
    try await withServer(tls: nil, compression: true) { harness in
      let port = try await proxy.start(to: harness.port)
      var configuration = RPCClientConfiguration()
      configuration.compression = true
      let client = RPCClient(
        target: RPCTarget(host: "127.0.0.1", port: port),
        tls: nil,
        configuration: configuration,
        logger: harness.logger
      )
      let reply: RawMessage = try await client.unary(
        EchoService.Methods.echo,
        RawMessage(bytes: Self.text)
      )
      #expect(reply.bytes == Self.text)
      #expect(proxy.bytesPassed < Self.text.count / 10)
      await client.close()
    }
    await proxy.stop()
  }

  @Test func `W41 a stream that would inflate beyond the limit is refused`() async throws {
    var limits = RPCLimits()
    limits.messageBytesMax = 100_000
    try await withServer(tls: nil, limits: limits, compression: true) { harness in
      // A megabyte of zeros: about a kilobyte on the wire.
      let bomb = try deflate([UInt8](repeating: 0, count: 1_000_000))
      #expect(bomb.count < 2_000)
      let status = try await statusOfCall(harness.port, bomb)
      #expect(status.code == .resourceExhausted)
      #expect(status.message.contains("100000"))
    }
  }

  @Test(arguments: ["cut", "damaged", "followed", "not a stream", "empty"])
  func `W42 a stream that is not one is an invalid argument`(kind: String) async throws {
    let whole = try deflate(Self.text)
    let bytes: [UInt8] =
      switch kind {
      case "cut": Array(whole.dropLast(4))
      case "damaged":
        whole.enumerated().map { $0.offset == whole.count / 2 ? ~$0.element : $0.element }
      case "followed": whole + [0]
      case "not a stream": Array("hello, hello".utf8)
      default: []
      }
    try await withServer(tls: nil, compression: true) { harness in
      let status = try await statusOfCall(harness.port, bytes)
      #expect(status.code == .invalidArgument)
    }
  }

  /// Sends a compressed request as raw frames and reads the status.
  private func statusOfCall(_ port: Int, _ stream: [UInt8]) async throws -> EndStatus {
    let peer = try await RawPeer(port: port)
    let hello = frame(1, 0, [0x08, 1, 0x10, 1, 0x1a, 4] + Array("zlib".utf8))
    await peer.send(
      hello + frame(2, 0x0b, call: 1, callPayload("test.Echo/Echo", message: stream))
    )
    var frames = try parseFrames(try await peer.read(atLeast: 1))
    var wanted = 1
    while !frames.contains(where: { $0.header.type == .status }) {
      wanted += 1
      frames = try parseFrames(try await peer.read(atLeast: wanted))
    }
    await peer.close()
    let found = try #require(frames.first { $0.header.type == .status })
    return try EndStatus(found.payload.span.bytes, 4..<found.payload.count)
  }

  /// A zlib stream as zlib itself makes it.
  private func deflate(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = [UInt8](repeating: 0, count: Int(compressBound(UInt(bytes.count))))
    var count = UInt(stream.count)
    try #require(compress2(&stream, &count, bytes, UInt(bytes.count), 9) == Z_OK)
    return Array(stream[..<Int(count)])
  }
}

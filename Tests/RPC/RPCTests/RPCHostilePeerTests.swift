import ProtobufRuntime
import RPC
import RPCWire
import Testing

/// Peers that do not keep the rules, on plain TCP so that each byte is the test's.
@Suite(.timeLimit(.minutes(2)))
struct RPCHostilePeerTests {
  /// Sends bytes and returns the reason of the GO_AWAY that must follow.
  private func farewell(to bytes: [UInt8]) async throws -> String {
    try await withServer(tls: nil) { harness in
      let peer = try await RawPeer(port: harness.port)
      await peer.send(bytes)
      let frames = try parseFrames(try await peer.readToEnd())
      #expect(frames.first?.header.type == .hello)
      let last = try #require(frames.last)
      #expect(last.header.type == .goAway)
      let goAway = try GoAway(last.payload.span.bytes)
      #expect(goAway.code != .ok)
      let client = harness.client(nil)
      let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
      await client.close()
      return goAway.reason
    }
  }

  @Test func `a frame above the limit is refused by its header alone`() async throws {
    let reason = try await farewell(to: helloFrame + frame(2, 3, call: 1, length: 65_537))
    #expect(reason.hasPrefix("W6"))
  }

  @Test func `a call before HELLO is refused`() async throws {
    let reason = try await farewell(to: frame(2, 3, call: 1, callPayload("test.Echo/Echo")))
    #expect(reason.hasPrefix("W10"))
  }

  @Test func `garbage frames are refused`() async throws {
    let reason = try await farewell(to: [UInt8](repeating: 0xff, count: 64))
    #expect(reason.hasPrefix("W5"))
  }

  @Test func `other versions are refused`() async throws {
    let reason = try await farewell(to: frame(1, 0, [0x08, 2, 0x10, 3]))
    #expect(reason.hasPrefix("W11"))
  }

  /// Sends frames after HELLO and returns the statuses that come back.
  private func statuses(
    _ frames: [UInt8],
    count: Int,
    limits: RPCLimits = RPCLimits()
  ) async throws -> [UInt64: EndStatus] {
    try await withServer(tls: nil, limits: limits) { harness in
      let peer = try await RawPeer(port: harness.port)
      await peer.send(helloFrame + frames)
      var statuses: [UInt64: EndStatus] = [:]
      var byteCount = 1
      while statuses.count < count {
        let bytes = try await peer.read(atLeast: byteCount)
        byteCount = bytes.count + 1
        for frame in try parseFrames(bytes) where frame.header.type == .status {
          let blockBytes = frame.payload[..<4].reduce(0) { $0 << 8 | Int($1) }
          statuses[frame.header.callID] = try EndStatus(
            frame.payload.span.bytes,
            4..<(4 + blockBytes)
          )
        }
      }
      await peer.close()
      return statuses
    }
  }

  @Test func `a unary call without a request is refused`() async throws {
    let statuses = try await statuses(
      frame(2, 1, call: 1, callPayload("test.Echo/Echo")),
      count: 1
    )
    #expect(statuses[1]?.code == .invalidArgument)
  }

  @Test func `a second request of a unary call is refused`() async throws {
    let statuses = try await statuses(
      frame(2, 2, call: 1, callPayload("test.Echo/Hold")) + frame(3, 0, call: 1),
      count: 1
    )
    #expect(statuses[1]?.code == .invalidArgument)
  }

  @Test func `a message above the limit in parts ends its call alone`() async throws {
    var limits = RPCLimits()
    limits.messageBytesMax = 40_000
    let part = [UInt8](repeating: 1, count: 30_000)
    let statuses = try await statuses(
      frame(2, 6, call: 1, callPayload("test.Echo/Echo", message: part))
        + frame(3, 1, call: 1, part)
        + frame(2, 3, call: 2, callPayload("test.Echo/Echo", message: [1])),
      count: 2,
      limits: limits
    )
    #expect(statuses[1]?.code == .resourceExhausted)
    #expect(statuses[2]?.code == .ok)
  }

  @Test func `calls above the limit are refused unprocessed`() async throws {
    var limits = RPCLimits()
    limits.callsMax = 1
    let hold = callPayload("test.Echo/Hold")
    let statuses = try await statuses(
      frame(2, 3, call: 1, hold) + frame(2, 3, call: 2, hold),
      count: 1,
      limits: limits
    )
    #expect(statuses[2]?.code == .resourceExhausted)
    #expect(statuses[2]?.isUnprocessed == true)
  }

  @Test func `W23: a cancelled call counts until its handler has returned`() async throws {
    var limits = RPCLimits()
    limits.callsMax = 1
    try await withServer(tls: nil, limits: limits) { harness in
      let peer = try await RawPeer(port: harness.port)
      let calls = (1...200).flatMap { callID in
        frame(2, 3, call: UInt64(callID), callPayload("test.Echo/Hold"))
          + frame(6, call: UInt64(callID))
      }
      await peer.send(helloFrame + calls)
      let client = harness.client(nil)
      let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
      await client.close()
      await peer.close()
    }
  }

  @Test func `W24: the server counts the deadline by itself`() async throws {
    // 100 microseconds.
    let statuses = try await statuses(
      frame(2, 3, call: 1, callPayload("test.Echo/Hold", timeout: 100)),
      count: 1
    )
    #expect(statuses[1]?.code == .deadlineExceeded)
  }

  @Test func `W35: endless pings that are not read end the connection`() async throws {
    try await withServer(tls: nil) { harness in
      let peer = try await RawPeer(port: harness.port, reads: false)
      await peer.send(helloFrame)
      let ping = frame(8, 0, [0x09, 1, 2, 3, 4, 5, 6, 7, 8])
      let pings = [UInt8]((0..<40_000).flatMap { _ in ping })
      // A megabyte each; the server gives up long before the last.
      for _ in 0..<64 { await peer.send(pings) }
      let client = harness.client(nil)
      let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
      await client.close()
      await peer.close()
    }
  }

  @Test func `W34: a silent peer is asked, and then given up`() async throws {
    var limits = RPCLimits()
    limits.keepAlive = .milliseconds(50)
    try await withServer(tls: nil, limits: limits) { harness in
      let peer = try await RawPeer(port: harness.port)
      await peer.send(helloFrame)
      let frames = try parseFrames(try await peer.readToEnd())
      #expect(frames.map(\.header.type) == [.hello, .ping])
    }
  }
}

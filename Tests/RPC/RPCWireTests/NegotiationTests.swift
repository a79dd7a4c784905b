import LargeMemory
import RPCWire
import Testing

/// Old against new: versions and features that only one side knows.
@Suite
struct NegotiationTests {
  private func machine(
    _ role: ConnectionMachine.Role,
    _ versions: ClosedRange<UInt32> = 1...1,
    _ features: [String] = []
  ) -> Peer {
    var peer = Peer(role)
    peer.machine = ConnectionMachine(
      role: role,
      settings: WireSettings(),
      agent: "test",
      features: features,
      versions: versions
    )
    return peer
  }

  private func connect(_ client: inout Peer, _ server: inout Peer) {
    let hello = client.takeOutput()
    client.receive(server.takeOutput())
    server.receive(hello)
  }

  @Test(arguments: [(1...1, 1...3, 1), (1...3, 1...1, 1), (1...2, 2...3, 2), (1...3, 1...3, 3)])
  func `W11 the lower of the two highest versions is in force`(
    client: ClosedRange<UInt32>,
    server: ClosedRange<UInt32>,
    version: UInt32
  ) {
    var (clientPeer, serverPeer) = (machine(.client, client), machine(.server, server))
    connect(&clientPeer, &serverPeer)
    #expect(clientPeer.machine.version == version)
    #expect(serverPeer.machine.version == version)
    #expect(clientPeer.machine.canOpenCall)
  }

  @Test(arguments: [(1...1, 2...3), (2...3, 1...1), (4...5, 1...3)])
  func `W11 peers without a version in common refuse each other`(
    client: ClosedRange<UInt32>,
    server: ClosedRange<UInt32>
  ) {
    var (clientPeer, serverPeer) = (machine(.client, client), machine(.server, server))
    connect(&clientPeer, &serverPeer)
    #expect(clientPeer.outcome.error?.rule == 11)
    #expect(serverPeer.outcome.error?.rule == 11)
    #expect(!clientPeer.machine.canOpenCall)
  }

  @Test(arguments: [[], ["zlib"], ["zlib", "other"]], [[], ["zlib"], ["later", "zlib"]])
  func `W12 a feature is in force when both sides name it`(client: [String], server: [String]) {
    var (clientPeer, serverPeer) = (
      machine(.client, 1...1, client), machine(.server, 1...2, server)
    )
    connect(&clientPeer, &serverPeer)
    let both = client.contains("zlib") && server.contains("zlib")
    #expect(clientPeer.machine.allowsCompression == both)
    #expect(serverPeer.machine.allowsCompression == both)
    #expect(clientPeer.machine.featuresInForce == (both ? ["zlib"] : []))
  }

  @Test func `W5 a flag of a feature that is not in force is refused`() {
    var server = machine(.server, 1...1, ["zlib"])
    server.receive(hello)
    server.receive(frame(2, flags: 0x0b, call: 1, block(callBlock, [1])))
    #expect(server.outcome.error?.rule == 5)
  }

  @Test(arguments: [
    // A CALL and a STATUS without a message, an END, and the middle of a message.
    frame(2, flags: 0x08, call: 1, block(callBlock)),
    frame(2, flags: 0x06, call: 1, block(callBlock, [1])) + frame(3, flags: 0x08, call: 1, [2]),
    frame(2, flags: 0x0e, call: 1, block(callBlock, [1])) + frame(3, flags: 0x0c, call: 1, [2]),
  ])
  func `W39 COMPRESSED stands on the first frame of a message only`(bytes: [UInt8]) {
    var server = machine(.server, 1...1, ["zlib"])
    server.receive(frame(1, [0x08, 1, 0x10, 1, 0x1a, 4] + Array("zlib".utf8)))
    #expect(server.outcome.error == nil)
    server.receive(bytes)
    #expect(server.outcome.error?.rule == 39)
  }

  @Test func `W39 a message in parts is compressed when its first frame says so`() {
    var server = machine(.server, 1...1, ["zlib"])
    server.receive(frame(1, [0x08, 1, 0x10, 1, 0x1a, 4] + Array("zlib".utf8)))
    server.receive(
      frame(2, flags: 0x0e, call: 1, block(callBlock, [1])) + frame(3, call: 1, [2])
        + frame(3, call: 1, [3])
    )
    #expect(server.outcome.error == nil)
    let compressed = server.outcome.events.compactMap { event -> Bool? in
      if case .message(_, let message, _) = event { message.isCompressed } else { nil }
    }
    #expect(compressed == [true, false])
    #expect(server.outcome.messages == [[1, 2], [3]])
  }

  @Test func `W40 only the first frame of a long compressed message has the flag`() throws {
    var (client, server) = (machine(.client, 1...1, ["zlib"]), machine(.server, 1...1, ["zlib"]))
    connect(&client, &server)
    let stream = [UInt8](repeating: 7, count: 150_000)
    _ = client.machine.open(
      CallHeader(method: "a/b"),
      message: ScatteredBytes(stream),
      isCompressed: true,
      end: true
    )
    let output = client.takeOutput()
    var flags: [UInt8] = []
    var offset = 0
    while offset < output.count {
      let header = try FrameHeader(output.span.bytes, at: offset, framePayloadBytesMax: 65_536)
      flags.append(header.flags.rawValue)
      offset += FrameHeader.byteCount + header.length
    }
    #expect(flags == [0x0e, 0x04, 0x01])
    server.receive(output)
    #expect(server.outcome.messages == [stream])
  }
}

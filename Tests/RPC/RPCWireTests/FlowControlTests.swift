import LargeMemory
import RPCWire
import Testing

/// Windows of calls and of the connection (WIRE.md section 5).
@Suite
struct FlowControlTests {
  private func smallWindows() -> WireSettings {
    var settings = WireSettings()
    settings.callWindowBytes = 65_536
    settings.connectionWindowBytes = 131_072
    return settings
  }

  @Test func `a sender stops at the call's window and goes on with credit`() throws {
    var (client, server) = connectedPeers(server: smallWindows())
    let opened = client.machine.open(CallHeader(method: "a/b"), message: nil, end: false)
    let message = [UInt8](repeating: 7, count: 200_000)
    let result = client.machine.send(message.span.bytes, on: opened.callID, end: true)
    #expect(result == .pending)
    // The parts of an incomplete message are credited as they arrive (W30).
    var rounds = 0
    while server.outcome.messages.isEmpty, rounds < 20 {
      let bytes = client.takeOutput()
      #expect(bytes.count <= 65_536)
      server.receive(bytes)
      client.receive(server.takeOutput())
      rounds += 1
    }
    #expect(server.outcome.messages == [message])
    #expect(client.machine.takeCompletedWrites() == [opened.callID])
    #expect(server.outcome.error == nil)
  }

  @Test func `unread messages hold back the sender until they are taken`() throws {
    var (client, server) = connectedPeers(server: smallWindows())
    let opened = client.machine.open(CallHeader(method: "a/b"), message: nil, end: false)
    let message = [UInt8](repeating: 1, count: 10_000)
    var sent = 0
    while client.machine.send(message.span.bytes, on: opened.callID, end: false) == .written {
      sent += 1
    }
    #expect(sent == 6)
    server.receive(client.takeOutput())
    #expect(server.takeOutput().isEmpty)
    for case .message(let callID, let message, _) in server.outcome.events {
      server.machine.taken(callID, cost: message.cost)
    }
    client.receive(server.takeOutput())
    #expect(client.machine.takeCompletedWrites() == [opened.callID])
  }

  @Test func `a call without window does not delay another`() throws {
    var (client, server) = connectedPeers(server: smallWindows())
    let slow = client.machine.open(CallHeader(method: "a/b"), message: nil, end: false)
    let message = [UInt8](repeating: 1, count: 100_000)
    #expect(client.machine.send(message.span.bytes, on: slow.callID, end: false) == .pending)
    let two: [UInt8] = [1, 2]
    let quick = client.machine.open(
      CallHeader(method: "a/b"),
      message: ScatteredBytes(two),
      end: true
    )
    #expect(quick.result == .written)
    server.receive(client.takeOutput())
    #expect(server.outcome.messages == [[1, 2]])
  }

  @Test func `two large messages take turns`() throws {
    var (client, _) = connectedPeers()
    client.machine.isTransportCongested = true
    let message = [UInt8](repeating: 1, count: 200_000)
    for _ in 0..<2 {
      _ = client.machine.open(
        CallHeader(method: "a/b"),
        message: ScatteredBytes(message),
        end: true
      )
    }
    client.machine.isTransportCongested = false
    client.machine.pump()
    let bytes = client.takeOutput()
    var ids: [UInt64] = []
    var offset = 0
    while offset < bytes.count {
      let header = try FrameHeader(bytes.span.bytes, at: offset, framePayloadBytesMax: 65_536)
      ids.append(header.callID)
      offset += 16 + header.length
    }
    #expect(ids.prefix(4) == [1, 2, 1, 2])
  }

  @Test func `a frame beyond the call's window is refused`() {
    var server = Peer(.server, settings: smallWindows())
    server.receive(hello + frame(2, call: 1, block(callBlock)))
    let bytes = frame(3, call: 1, [UInt8](repeating: 0, count: 40_000))
    server.receive(bytes)
    #expect(server.outcome.error == nil)
    server.receive(bytes)
    #expect(server.outcome.error?.rule == 28)
  }

  @Test func `a frame beyond the connection's window is refused`() {
    var server = Peer(.server, settings: smallWindows())
    server.receive(hello)
    for callID in UInt64(1)...5 where server.outcome.error == nil {
      server.receive(
        frame(2, flags: 2, call: callID, block(callBlock, [UInt8](repeating: 0, count: 40_000)))
      )
    }
    #expect(server.outcome.error?.rule == 28)
  }

  @Test func `endless empty messages run out of window`() {
    var server = Peer(.server, settings: smallWindows())
    server.receive(hello + frame(2, call: 1, block(callBlock)))
    for _ in 0..<5_000 { server.receive(frame(3, call: 1)) }
    #expect(server.outcome.error?.rule == 28)
    #expect(server.outcome.messages.count <= 4_096)
  }

  @Test(
    arguments: [
      [], [0x08, 0], [0x08, 0x80, 0x80, 0x80, 0x80, 0x08],
      [0x08, 0xff, 0xff, 0xff, 0xff, 0x07],
    ] as [[UInt8]]
  )
  func `a credit of nothing or too much is refused`(payload: [UInt8]) {
    var server = Peer(.server)
    server.receive(hello + frame(7, payload))
    #expect(server.outcome.error?.rule == 29)
  }

  @Test func `frames of a closed call give their window back at once`() throws {
    var settings = smallWindows()
    settings.callWindowBytes = 2_000_000
    var server = Peer(.server, settings: settings)
    server.receive(hello + frame(2, call: 1, block(callBlock)))
    server.machine.sendStatus(1, EndStatus(code: .internal), message: nil)
    server.machine.release(1)
    for _ in 0..<50 { server.receive(frame(3, call: 1, [UInt8](repeating: 0, count: 40_000))) }
    // The peer does not wait for credit here, so the window runs out in the end.
    #expect(server.outcome.messages.isEmpty)
    #expect(try frameTypes(server.takeOutput()).contains(.window))
    #expect(server.decoder.heldByteCount == 0)
  }

  @Test func `a message above the limit ends its call when the header is read`() throws {
    var settings = WireSettings()
    settings.messageBytesMax = 40_000
    var server = Peer(.server, settings: settings)
    server.receive(hello + frame(2, call: 1, block(callBlock)))
    server.outcome = Outcome()
    server.receive(frame(3, call: 1, length: 40_001))
    guard case .failed(1, let status) = server.outcome.events.first else {
      Issue.record("the call goes on")
      return
    }
    #expect(status.code == .resourceExhausted)
    server.receive([UInt8](repeating: 0, count: 40_001) + frame(8))
    #expect(server.outcome.error == nil)
    #expect(server.machine.callCount == 1)
    server.machine.release(1)
    #expect(server.machine.callCount == 0)
  }

  @Test func `a reply that waits for window outlives its handler`() throws {
    var (client, server) = connectedPeers(client: smallWindows())
    let opened = client.machine.open(CallHeader(method: "a/b"), message: nil, end: true)
    server.receive(client.takeOutput())
    let reply = [UInt8](repeating: 5, count: 300_000)
    server.machine.sendStatus(opened.callID, EndStatus(), message: reply.span.bytes)
    server.machine.release(opened.callID)
    #expect(server.machine.callCount == 1)
    var rounds = 0
    while client.outcome.events.count < 2, rounds < 20 {
      client.receive(server.takeOutput())
      server.receive(client.takeOutput())
      rounds += 1
    }
    #expect(client.outcome.messages == [reply])
    #expect(client.outcome.events.last == .ended(opened.callID, EndStatus(), message: nil))
    #expect(server.machine.callCount == 0)
  }
}

import RPCWire
import Testing

/// What a peer can make this side hold by never finishing its messages (W32).
@Suite(.serialized)
struct IncompleteMessageTests {
  /// 16 MiB, the largest frame there is; sixteen of them are the limit.
  private static let part = [UInt8](repeating: 7, count: 16_777_216)

  /// A server that takes the largest frames and windows, and holds 256 MiB of sixteen calls.
  private func fullServer() -> Peer {
    var settings = WireSettings()
    settings.framePayloadBytesMax = 16_777_216
    settings.messageBytesMax = WireLimits.windowBytesMax
    settings.callWindowBytes = WireLimits.windowBytesMax
    settings.connectionWindowBytes = WireLimits.windowBytesMax
    var server = Peer(.server, settings: settings)
    server.receive(hello)
    for callID in UInt64(1)...16 {
      server.receive(frame(2, call: callID, block(callBlock)))
      server.receive(frame(3, flags: 4, call: callID, length: Self.part.count))
      server.receive(Self.part)
    }
    return server
  }

  @Test func `W32: incomplete messages above 256 MiB cost the call that brings the last byte`()
    throws
  {
    var server = fullServer()
    #expect(server.outcome.error == nil)
    #expect(server.outcome.events.count == 17)
    server.outcome.events = []
    // By the header alone, in a MESSAGE and in a CALL.
    server.receive(frame(3, flags: 4, call: 3, length: 1))
    guard case .failed(3, let status) = server.outcome.events.first else {
      Issue.record("call 3 goes on")
      return
    }
    #expect(status.code == .resourceExhausted)
    server.receive([0])
    // 16 MiB are free again; they are taken, and then a CALL brings one byte too many.
    server.receive(frame(2, call: 20, block(callBlock)))
    server.receive(frame(3, flags: 4, call: 20, length: Self.part.count))
    server.receive(Self.part)
    _ = server.takeOutput()
    server.receive(frame(2, flags: 6, call: 21, block(callBlock, [1])))
    let refusal = try #require(try parseFrames(server.takeOutput()).last)
    #expect(refusal.header.type == .status)
    #expect(refusal.header.callID == 21)
    #expect(server.outcome.error == nil)
    #expect(!server.machine.isOpen(21))
  }

  @Test func `W32: finished and cancelled messages make room`() {
    var server = fullServer()
    server.receive(frame(3, flags: 1, call: 1, [1]))
    server.receive(frame(6, call: 2))
    server.outcome = Outcome()
    for callID in UInt64(30)...31 {
      server.receive(frame(2, call: callID, block(callBlock)))
      server.receive(frame(3, flags: 4, call: callID, length: Self.part.count))
      server.receive(Self.part)
      #expect(server.machine.isOpen(callID))
    }
    #expect(server.outcome.error == nil)
  }
}

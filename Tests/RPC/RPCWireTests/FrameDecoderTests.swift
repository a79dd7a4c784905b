import RPCWire
import Testing

/// Cutting a stream into frames, wherever reads happened to split it.
@Suite
struct FrameDecoderTests {
  private let conversation =
    hello + frame(2, flags: 3, call: 1, block(callBlock, [1, 2, 3]))
    + frame(2, flags: 2, call: 2, block(callBlock, [])) + frame(3, call: 2, [4, 5])
    + frame(3, flags: 4, call: 2, [6]) + frame(3, flags: 1, call: 2, [7])
    + frame(8, [0x09, 1, 2, 3, 4, 5, 6, 7, 8]) + frame(2, flags: 1, call: 5, block(callBlock))
    + frame(6, call: 5, [0x08, 1])

  private func outcome(splitAt cuts: [Int]) -> Outcome {
    var peer = Peer(.server)
    var start = 0
    for cut in cuts + [conversation.count] {
      peer.receive(Array(conversation[start..<cut]))
      start = cut
    }
    // Where a message lies differs with the cuts, what it says must not.
    peer.outcome.events = peer.outcome.events.map { event in
      switch event {
      case .called(let id, let header, let message, let ends):
        .called(
          id,
          header,
          message: message.map { ReceivedMessage(place: .assembled([]), cost: $0.cost) },
          endsRequests: ends
        )
      case .message(let id, let message, let ends):
        .message(id, ReceivedMessage(place: .assembled([]), cost: message.cost), endsRequests: ends)
      default: event
      }
    }
    return peer.outcome
  }

  @Test func `every split at one byte gives the same events`() {
    let whole = outcome(splitAt: [])
    #expect(whole.error == nil)
    #expect(whole.events.count == 7)
    #expect(whole.messages == [[1, 2, 3], [], [4, 5], [6, 7]])
    for cut in 0...conversation.count {
      #expect(outcome(splitAt: [cut]) == whole, "split at \(cut)")
    }
  }

  @Test func `every split at two bytes gives the same events`() {
    let whole = outcome(splitAt: [])
    for first in 0...conversation.count {
      for second in first...conversation.count where outcome(splitAt: [first, second]) != whole {
        Issue.record("split at \(first) and \(second)")
      }
    }
  }

  @Test func `single bytes give the same events`() {
    #expect(outcome(splitAt: Array(1..<conversation.count)) == outcome(splitAt: []))
  }

  @Test func `a frame longer than the limit is refused before its payload arrives`() {
    var peer = Peer(.server)
    peer.receive(hello + frame(3, call: 1, length: 65_537))
    #expect(peer.outcome.error?.rule == 6)
    #expect(peer.decoder.heldByteCount == 0)
  }

  @Test(arguments: [UInt8(1), 6, 7, 8, 9, 10])
  func `a control frame longer than 4096 bytes is refused`(type: UInt8) {
    var decoder = FrameDecoder(framePayloadBytesMax: 65_536)
    let bytes = frame(type, call: type == 6 ? 1 : 0, length: 4_097)
    var offset = 0
    #expect(throws: WireError.self) { try decoder.advance(bytes.span.bytes, &offset) }
  }

  @Test(
    arguments: [
      (frame(0), 5), (frame(11), 5), (frame(255), 5),
      (frame(3, flags: 8, call: 1), 5), (frame(3, flags: 2, call: 1), 5),
      (frame(5, flags: 4, call: 1, block([])), 5), (frame(8, flags: 1), 5),
      (frame(3, reserved: 1, call: 1), 5),
      (frame(2, flags: 3, call: 0, block(callBlock)), 7), (frame(8, call: 1), 7),
      (frame(3, call: 1 << 63), 7), (frame(4, call: 1, [0]), 7),
      (frame(3, flags: 5, call: 1), 8), (frame(2, flags: 4, call: 1, block(callBlock)), 8),
      (frame(2, call: 1, [0, 0, 0]), 26),
    ] as [([UInt8], Int)]
  )
  func `a malformed header is refused by its rule`(bytes: [UInt8], rule: Int) {
    var peer = Peer(.server)
    peer.receive(hello + bytes)
    #expect(peer.outcome.error?.rule == rule)
  }

  @Test func `a skipped payload is never held`() throws {
    var decoder = FrameDecoder(framePayloadBytesMax: 65_536)
    let bytes = frame(3, call: 1, [UInt8](repeating: 0, count: 60_000)) + frame(4, call: 1)
    var offset = 0
    var types: [FrameType] = []
    for start in stride(from: 0, to: bytes.count, by: 1_000) {
      let part = Array(bytes[start..<min(start + 1_000, bytes.count)])
      offset = 0
      reading: while true {
        switch try decoder.advance(part.span.bytes, &offset) {
        case .needsInput: break reading
        case .header(let header):
          types.append(header.type)
          decoder.skipPayload()
        default: break
        }
      }
      #expect(decoder.heldByteCount < 16)
    }
    #expect(types == [.message, .end])
  }
}

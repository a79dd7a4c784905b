import RPCWire
import Testing

/// The small protobuf codec of control messages.
@Suite
struct ControlMessageTests {
  @Test func `a call header says what protoc says`() throws {
    // protoc --encode=morlaif.v1.CallHeader <<< 'method:"a/b" timeout_us:300
    //   metadata{key:"k" value_utf8:"v"} metadata{key:"k"}'
    let bytes: [UInt8] = [
      0x0a, 3, 0x61, 0x2f, 0x62, 0x10, 0xac, 0x02, 0x1a, 6, 0x0a, 1, 0x6b, 0x12, 1, 0x76, 0x1a, 3,
      0x0a, 1, 0x6b,
    ]
    let header = try CallHeader(bytes.span.bytes, 0..<bytes.count)
    #expect(header.method == "a/b")
    #expect(header.timeoutMicroseconds == 300)
    #expect(
      header.metadata == [
        MetadataEntry(key: "k", value: "v"), MetadataEntry(key: "k", value: ""),
      ]
    )
    #expect(header.byteCount == bytes.count)
  }

  @Test func `unknown fields are ignored`() throws {
    // Field 15 in each wire type, before the method.
    let unknown: [UInt8] =
      [0x78, 5] + [0x79, 1, 2, 3, 4, 5, 6, 7, 8] + [0x7a, 2, 9, 9] + [0x7d, 1, 2, 3, 4]
    let bytes = unknown + callBlock
    #expect(try CallHeader(bytes.span.bytes, 0..<bytes.count).method == "a/b")
  }

  @Test(
    arguments: [
      [0x0a], [0x0a, 5, 1], [0x08], [0x0b], [0x00], [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      [0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0x0a, 1, 0xff],
      [0x0a, 1, 0x00], [0x1a, 2, 0x0a, 9], [0x09, 1, 2], [0x0d, 1], [0x12, 0],
    ] as [[UInt8]]
  )
  func `malformed call headers are refused`(bytes: [UInt8]) {
    #expect(throws: WireError.self) { try CallHeader(bytes.span.bytes, 0..<bytes.count) }
  }

  @Test func `every prefix of a valid header block is read or refused, never trapped`() {
    let bytes: [UInt8] = callBlock + [0x10, 0xac, 0x02, 0x1a, 6, 0x0a, 1, 0x6b, 0x12, 1, 0x76]
    for count in 0...bytes.count {
      _ = try? CallHeader(bytes.span.bytes, 0..<count)
      _ = try? EndStatus(bytes.span.bytes, 0..<count)
    }
  }

  @Test func `a code beyond 16 is taken as unknown`() throws {
    let bytes: [UInt8] = [0x08, 99]
    #expect(try EndStatus(bytes.span.bytes, 0..<2).code == .unknown)
  }

  @Test(
    arguments: [
      ([0x08, 0, 0x10, 1], 11), ([0x08, 2, 0x10, 1], 11), ([0x08, 2, 0x10, 9], 11),
      ([0x08, 1, 0x10, 1, 0x28, 1], 13), ([0x08, 1, 0x10, 1, 0x48, 1], 13),
      ([0x08, 1, 0x10, 1, 0x22, 1, 0xff], 7),
    ] as [([UInt8], Int)]
  )
  func `a HELLO that cannot be agreed on is refused by its rule`(payload: [UInt8], rule: Int) {
    var peer = Peer(.server)
    peer.receive(frame(1, payload))
    #expect(peer.outcome.error?.rule == rule)
  }

  @Test func `a HELLO of a newer peer that still speaks version 1 is accepted`() {
    var peer = Peer(.server)
    peer.receive(frame(1, [0x08, 1, 0x10, 7, 0x1a, 4] + Array("zstd".utf8)))
    #expect(peer.outcome.error == nil)
    #expect(peer.machine.phase == .open)
  }

  @Test(arguments: [0, 1, 127, 128, 2_047, 2_048, 2_049, 5_000])
  func `a long status message is cut at a character`(count: Int) throws {
    var (client, server) = connectedPeers()
    let opened = client.machine.open(CallHeader(method: "a/b"), message: nil, end: true)
    server.receive(client.takeOutput())
    let text = "x" + String(repeating: "é", count: count)
    server.machine.sendStatus(
      opened.callID,
      EndStatus(code: .internal, message: text),
      message: nil
    )
    client.receive(server.takeOutput())
    guard case .ended(_, let status, _) = client.outcome.events.last else {
      Issue.record("no status")
      return
    }
    #expect(text.hasPrefix(status.message))
    #expect(status.message.utf8.count <= 2_048)
    #expect(status.message.utf8.count >= min(text.utf8.count, 2_047))
  }
}

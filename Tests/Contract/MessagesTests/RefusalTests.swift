import ProtobufRuntime
import TestMessages
import Testing

@Suite struct RefusalTests {
  private static let sample = Everything(
    scalars: Scalars(anInt32: 5, aString: "name", someBytes: [1, 2, 3], someText: "text"),
    lists: Lists(
      doubles: [1, 2],
      int32s: [1, 300, -1],
      strings: ["a", "bc"],
      branches: [Branch(first: Leaf(leafID: "l"), leaves: [Leaf(note: "n", weight: 1)])]
    ),
    choices: [Choice(origin: "o", kind: .text("chosen")), Choice(kind: .count(3))]
  )

  @Test func `every truncation is refused or ends between two fields`() throws {
    let bytes = try Self.sample.encoded()
    var decodable: [Int] = []
    for count in 0..<bytes.count {
      do throws(MessageError) {
        _ = try Everything(protobuf: Array(bytes[..<count]))
        decodable.append(count)
      } catch {}
    }
    // The sample has four outer fields, so a cut can fall before each of them.
    #expect(decodable.count == 4)
    #expect(decodable.first == 0)
  }

  @Test func `every truncation inside one field is called truncated`() throws {
    let bytes = try Everything(lists: Lists(doubles: [1], strings: ["abc"])).encoded()
    for count in 1..<bytes.count {
      #expect(throws: MessageError.self) { try Everything(protobuf: Array(bytes[..<count])) }
    }
    #expect(throws: MessageError.truncated(message: "morlaif.test.Everything", field: "lists")) {
      try Everything(protobuf: bytes.dropLast())
    }
  }

  @Test func `random damage never traps`() throws {
    let bytes = try Self.sample.encoded()
    var numbers = SeededNumbers(seed: 4)
    for _ in 0..<20_000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...4, using: &numbers) {
        damaged[Int.random(in: 0..<bytes.count, using: &numbers)] = UInt8.random(
          in: 0...255,
          using: &numbers
        )
      }
      _ = try? Everything(protobuf: damaged)
    }
  }

  @Test(arguments: [0, 1, 100, 700, 2000, 5000, 20_000])
  func `an arena of any size ends in a value or a refusal`(byteCount: Int) throws {
    let bytes = try Self.sample.encoded()
    for extra in stride(from: 0, to: 400, by: 16) {
      let limits = DecodingLimits(arenaByteCountMax: byteCount + extra)
      do throws(MessageError) {
        #expect(try Everything(protobuf: bytes, limits: limits) == Self.sample)
      } catch {
        #expect(
          error
            == .arenaExhausted(
              message: "morlaif.test.Everything",
              arenaByteCountMax: byteCount + extra
            )
        )
      }
    }
  }

  @Test func `a small message cannot make us hold much`() throws {
    // Two bytes each, a C struct and a pointer each.
    let bytes = [UInt8]([[0x22, 0]].joined().map { $0 })
    let many = Array(repeatElement(bytes, count: 100_000).joined())
    let limits = DecodingLimits(byteCountMax: 1 << 20, arenaByteCountMax: 1 << 20)
    #expect(
      throws: MessageError.arenaExhausted(
        message: "morlaif.test.Everything",
        arenaByteCountMax: 1 << 20
      )
    ) {
      try Everything(protobuf: many, limits: limits)
    }
    #expect(try Everything(protobuf: many).choices.count == 100_000)
  }

  @Test func `an oversized message is refused before it is read`() {
    let limits = DecodingLimits(byteCountMax: 3)
    #expect(
      throws: MessageError.tooLarge(message: "morlaif.test.Leaf", byteCount: 4, byteCountMax: 3)
    ) {
      try Leaf(protobuf: [0xFF, 0xFF, 0xFF, 0xFF], limits: limits)
    }
  }

  @Test func `deep messages are refused by path`() throws {
    let bytes = try Everything(lists: Lists(branches: [Branch(first: Leaf(weight: 1))])).encoded()
    #expect(throws: Never.self) {
      try Everything(protobuf: bytes, limits: DecodingLimits(depthMax: 4))
    }
    #expect(
      throws: MessageError.tooDeep(
        message: "morlaif.test.Everything",
        field: "lists.branches.first",
        depthMax: 3
      )
    ) {
      try Everything(protobuf: bytes, limits: DecodingLimits(depthMax: 3))
    }
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x61, 0xFF],
      [0xE2, 0x82],
    ] as [[UInt8]]
  )
  func `text that is not UTF-8 is refused by path`(text: [UInt8]) throws {
    let count = UInt8(text.count)
    let inText: [UInt8] = [0x12, count] + text
    #expect(throws: MessageError.invalidUTF8(message: "morlaif.test.Leaf", field: "note_utf8")) {
      try Leaf(protobuf: inText)
    }
    #expect(throws: MessageError.invalidUTF8(message: "morlaif.test.Leaf", field: "leaf_id")) {
      try Leaf(protobuf: [0x0A, count] + text)
    }
    let second: [UInt8] = [0x12, 0, 0x12, count + 2] + inText
    #expect(
      throws: MessageError.invalidUTF8(
        message: "morlaif.test.Branch",
        field: "leaves[1].note_utf8"
      )
    ) {
      try Branch(protobuf: second)
    }
  }

  @Test func `NUL is refused in an identifier and kept in a text`() throws {
    let refusal = MessageError.embeddedNUL(message: "morlaif.test.Leaf", field: "leaf_id")
    #expect(throws: refusal) { try Leaf(protobuf: [0x0A, 3, 0x61, 0, 0x62]) }
    #expect(throws: refusal) { try Leaf(protobuf: [0x0A, 1, 0]) }
    #expect(throws: refusal) { try Leaf(leafID: "a\0").encoded() }
    // A later value of the field does not hide an earlier one that is not allowed.
    #expect(throws: refusal) { try Leaf(protobuf: [0x0A, 1, 0, 0x0A, 1, 0x61]) }
    #expect(try Leaf(protobuf: [0x12, 3, 0x61, 0, 0x62]).note == "a\0b")
    #expect(
      throws: MessageError.embeddedNUL(message: "morlaif.test.Lists", field: "strings")
    ) {
      try Lists(strings: ["ok", "\0"]).encoded()
    }
    #expect(
      throws: MessageError.embeddedNUL(
        message: "morlaif.test.Branch",
        field: "leaves[1].leaf_id"
      )
    ) {
      try Branch(leaves: [Leaf(), Leaf(leafID: "\0")]).encoded()
    }
  }

  @Test(
    arguments: [
      [0x00, 0x00],  // field number zero
      [0x0B],  // a group
      [0x0F, 0x01],  // a wire type that does not exist
      [0x08, 0x01],  // a number where a string belongs
      [0x1A, 0x00],  // a list where one number belongs
      [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],  // an endless key
      [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x61],  // endless length
      [0xF8, 0xFF, 0xFF, 0xFF, 0x7F, 0x00],  // a field number that is too large
    ] as [[UInt8]]
  )
  func `bytes that are no message are refused`(bytes: [UInt8]) {
    #expect(throws: MessageError.self) { try Leaf(protobuf: bytes) }
  }
}

import ProtobufRuntime
import TestMessages
import Testing

@Suite struct PresenceTests {
  @Test func `a message of defaults has no bytes`() throws {
    #expect(try Everything().encoded().isEmpty)
    #expect(try Scalars(colour: .unspecified).encoded().isEmpty)
    #expect(try Everything(protobuf: []) == Everything())
  }

  @Test func `an empty message field is there, an absent one is not`() throws {
    let present = Everything(scalars: Scalars())
    let bytes = try present.encoded()
    #expect(bytes == [0x0A, 0])
    #expect(try Everything(protobuf: bytes).scalars == Scalars())
    #expect(try Everything(protobuf: []).scalars == nil)
  }

  @Test(arguments: [
    ChoiceKind.amount(0), .count(0), .flag(false), .name(""), .raw([]), .text(""),
    .colour(.unspecified), .branch(Branch()), .empty(Empty()), .small(0), .ratio(0), .signed(0),
  ])
  func `a choice of a default value is still chosen`(kind: ChoiceKind) throws {
    let bytes = try Choice(kind: kind).encoded()
    #expect(!bytes.isEmpty)
    #expect(try Choice(protobuf: bytes).kind == kind)
  }

  @Test func `the last of several choices wins`() throws {
    let first = try Choice(kind: .name("first")).encoded()
    let second = try Choice(kind: .branch(Branch(first: Leaf(leafID: "x")))).encoded()
    let third = try Choice(kind: .count(7)).encoded()
    #expect(try Choice(protobuf: first + second + third).kind == .count(7))
    #expect(try Choice(protobuf: third + first).kind == .name("first"))
    #expect(
      try Choice(protobuf: first + second).kind == .branch(Branch(first: Leaf(leafID: "x")))
    )
  }

  @Test func `a single message that came twice is refused, since merging would lose a part`() throws
  {
    let first = try Everything(scalars: Scalars(anInt32: 1, aString: "a")).encoded()
    let second = try Everything(scalars: Scalars(anInt64: 2, aString: "b")).encoded()
    #expect(
      throws: MessageError.malformed(
        message: "morlaif.test.Everything",
        field: "scalars",
        reason: "a single message came more than once"
      )
    ) {
      try Everything(protobuf: first + second)
    }
  }

  @Test func `an unknown enum number is kept`() throws {
    let message = Scalars(colour: .unrecognized(1234))
    let decoded = try Scalars(protobuf: try message.encoded())
    #expect(decoded.colour == .unrecognized(1234))
    #expect(decoded.colour.rawValue == 1234)
    #expect(Colour(rawValue: 5) == .deepBlue)
    #expect(Colour(rawValue: -3) == .negative)
  }

  @Test func `unknown fields are skipped`() throws {
    let unknown: [UInt8] = [
      0xF8, 0x01, 0x96, 0x01,  // field 31, varint
      0xFD, 0x01, 1, 2, 3, 4,  // field 31, four bytes
      0xF9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8,  // field 31, eight bytes
      0xFA, 0x01, 3, 0, 255, 128,  // field 31, bytes that are no text
    ]
    let leaf = Leaf(leafID: "leaf", note: "note", weight: 2)
    #expect(try Leaf(protobuf: unknown + leaf.encoded() + unknown) == leaf)
  }
}

import ProtobufRuntime
import TestMessages
import Testing

/// Messages whose large lists and bytes are neither copied to be encoded nor unpacked by protobuf-c.
struct LargeFieldTests {
  /// Above the sizes from which on fields are treated apart.
  private static let count = 300_001

  private static func lists(_ first: Int) -> Lists {
    Lists(
      doubles: (0..<Self.count).map { Double($0 + first) },
      floats: (0..<Self.count).map { Float($0 * 3 + first) },
      int32s: (0..<9).map { Int32($0 - 4) },
      fixed32s: [UInt32(first)],
      fixed64s: (0..<5).map { UInt64($0) << 60 },
      sfixed32s: [-1],
      strings: ["small", "strings"],
      blobs: [[], [UInt8](repeating: 7, count: Self.count), [1]],
      texts: ["ümlaut", ""]
    )
  }

  private static var everything: Everything {
    Everything(
      scalars: Scalars(aFloat: 2.5, aFixed64: 3, aString: "s", someBytes: [1, 2, 3]),
      lists: lists(1),
      choice: Choice(kind: .raw([UInt8](repeating: 3, count: Self.count))),
      choices: [Choice(kind: .ratio(1.5)), Choice(kind: .text("t"), otherKind: .otherInt(4))]
    )
  }

  @Test func `large fields are encoded as small ones are`() throws {
    let message = Self.lists(5)
    let inOnePlace = try message.withEncoded { [UInt8]($0) }
    #expect(try message.encoded() == inOnePlace)
    #expect(try Self.everything.encoded() == Self.everything.withEncoded { [UInt8]($0) })
  }

  @Test func `large fields are decoded beside small ones, at every depth`() throws {
    #expect(try Lists(protobuf: try Self.lists(5).encoded()) == Self.lists(5))
    #expect(try Everything(protobuf: try Self.everything.encoded()) == Self.everything)
  }

  @Test func `a list in several parts is one list`() throws {
    let parts = [Self.lists(1), Lists(floats: [1], blobs: [[5]]), Self.lists(2)]
    let decoded = try Lists(protobuf: parts.flatMap { try $0.encoded() })
    #expect(decoded.floats == parts.flatMap(\.floats))
    #expect(decoded.doubles == parts.flatMap(\.doubles))
    #expect(decoded.blobs == parts.flatMap(\.blobs))
    #expect(decoded.strings == parts.flatMap(\.strings))
  }

  @Test func `single numbers of a list are read beside a large part`() throws {
    // Field 2, wire type 5: an element that is not packed.
    let single: [UInt8] = [0x15, 0, 0, 0x80, 0x3F]
    let large = Lists(floats: (0..<Self.count).map(Float.init))
    let decoded = try Lists(protobuf: single + (try large.encoded()) + single)
    #expect(decoded.floats == [1] + large.floats + [1])
  }

  @Test func `many small payloads beside a large one are read too`() throws {
    var message = Self.lists(3)
    message.blobs += (0..<10_000).map { [UInt8($0 & 255)] }
    #expect(try Lists(protobuf: try message.encoded()) == message)
  }

  @Test func `the last of several bytes of a oneof counts`() throws {
    let first = Choice(kind: .raw([UInt8](repeating: 1, count: Self.count)))
    let second = Choice(kind: .raw([2]))
    #expect(try Choice(protobuf: try first.encoded() + second.encoded()) == second)
    #expect(try Choice(protobuf: try second.encoded() + first.encoded()) == first)
  }

  @Test(arguments: UInt64(1)...40)
  func `a damaged large message is refused or read, and never traps`(seed: UInt64) throws {
    var numbers = SeededNumbers(seed: seed)
    var bytes = try Self.everything.encoded()
    // Where keys and lengths are: near the beginning, and around the ends of the payloads.
    let places = [0, 8 * Self.count, 12 * Self.count, 13 * Self.count, bytes.count - 120]
    for place in places {
      let index = min(place + Int.random(in: 0..<120, using: &numbers), bytes.count - 1)
      bytes[index] = UInt8.random(in: .min ... .max, using: &numbers)
    }
    _ = try? Everything(protobuf: bytes)
    _ = try? Everything(protobuf: Array(bytes[..<Int.random(in: 0..<bytes.count, using: &numbers)]))
  }
}

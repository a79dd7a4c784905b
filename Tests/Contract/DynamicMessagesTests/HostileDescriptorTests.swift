import DynamicMessages
import JSON
import ProtobufRuntime
import TestMessages
import Testing

@Suite struct HostileDescriptorTests {
  @Test func `damaged descriptors end in a schema or an error`() throws {
    let set = try Protoc.descriptorSet()
    var numbers = SeededNumbers(seed: 8)
    for _ in 0..<3000 {
      var damaged = set
      for _ in 0..<3 {
        damaged[Int.random(in: 0..<set.count, using: &numbers)] = UInt8.random(
          in: 0...255,
          using: &numbers
        )
      }
      guard let schema = try? DynamicSchema(descriptorSet: damaged) else { continue }
      let json = #"{"scalars": {"anInt32": 1}, "lists": {"branches": [{"first": {}}]}}"#
      guard let bytes = try? schema.encode(json: json, as: "morlaif.test.Everything") else {
        continue
      }
      _ = try? schema.json(of: bytes, as: "morlaif.test.Everything", includesDefaults: true)
    }
  }

  @Test func `a message that contains itself is bounded by depth`() throws {
    let set = try Protoc.descriptorSet(
      of: "syntax = \"proto3\"; package p; message Node { Node next = 1; int32 value = 2; }"
    )
    let schema = try DynamicSchema(descriptorSet: set)
    var bytes: [UInt8] = []
    for _ in 0..<40 { bytes = [0x0A, UInt8(bytes.count)] + bytes }
    #expect(throws: DynamicMessageError.self) { try schema.json(of: bytes, as: "p.Node") }
    let deep = String(repeating: "{\"next\":", count: 40) + "{}" + String(repeating: "}", count: 40)
    #expect(throws: DynamicMessageError.self) { try schema.encode(json: deep, as: "p.Node") }
    #expect(try schema.encode(json: #"{"next":{"value":3}}"#, as: "p.Node") == [0x0A, 2, 0x10, 3])
  }

  @Test func `descriptors nested deeper than the limit are refused`() throws {
    var message: [UInt8] = [0x0A, 1, 0x61]
    for _ in 0..<30 { message = [0x0A, 1, 0x61, 0x1A, UInt8(message.count)] + message }
    let file: [UInt8] = [0x22] + Self.length(message.count) + message
    let set: [UInt8] = [0x0A] + Self.length(file.count) + file
    #expect(throws: DynamicMessageError.self) { try DynamicSchema(descriptorSet: set) }
  }

  @Test func `a missing type is an error and not a trap`() throws {
    let set = try Protoc.descriptorSet(
      of: """
        syntax = "proto3"; package p; message M { N n = 1; E e = 2; } message N {} enum E { A = 0; }
        """
    )
    let text = Array("N".utf8)
    // Renames the message N, so that M's field has a type that is not there.
    var damaged = set
    let index = try #require((0..<set.count - 2).last { set[$0] == 1 && set[$0 + 1] == text[0] })
    damaged[index + 1] = UInt8(ascii: "Z")
    let schema = try DynamicSchema(descriptorSet: damaged)
    #expect(throws: DynamicMessageError.self) {
      try schema.encode(json: #"{"n": {}}"#, as: "p.M")
    }
    #expect(throws: DynamicMessageError.self) { try schema.json(of: [0x0A, 0], as: "p.M") }
  }

  @Test func `a proto2 message with presence and unpacked lists is understood`() throws {
    let set = try Protoc.descriptorSet(
      of: """
        syntax = "proto2"; package p;
        message M { optional int32 x = 1; repeated int32 y = 2; repeated int32 z = 3 [packed = true]; }
        """
    )
    let schema = try DynamicSchema(descriptorSet: set)
    let json = #"{"x":0,"y":[1,2],"z":[3,4]}"#
    let bytes: [UInt8] = [0x08, 0, 0x10, 1, 0x10, 2, 0x1A, 2, 3, 4]
    #expect(try schema.encode(json: json, as: "p.M") == bytes)
    #expect(try schema.json(of: bytes, as: "p.M", style: .singleLine) == json)
  }

  private static func length(_ count: Int) -> [UInt8] {
    count < 0x80 ? [UInt8(count)] : [UInt8(count & 0x7F) | 0x80, UInt8(count >> 7)]
  }
}

import ProtobufRuntime
import TestMessages
import Testing

@Suite struct RoundTripTests {
  @Test(arguments: UInt64(1)...24)
  func `a random message survives the way through protoc and back`(seed: UInt64) throws {
    var random = RandomMessages(seed: seed)
    let message = random.everything()
    let bytes = try message.encoded()
    let text = try Protoc.decode(bytes, as: Everything.protobufName)
    let theirs = try Protoc.encode(text, as: Everything.protobufName)
    #expect(theirs == bytes, "seed \(seed)")
    #expect(try Everything(protobuf: theirs) == message, "seed \(seed)")
  }

  @Test func `thousands of random messages survive encoding and decoding`() throws {
    var random = RandomMessages(seed: 99)
    for _ in 0..<3000 {
      let message = random.everything()
      #expect(try Everything(protobuf: try message.encoded()) == message)
    }
  }

  @Test func `NaN travels`() throws {
    let message = Lists(doubles: [.nan, 1], floats: [.nan])
    let decoded = try Lists(protobuf: try message.encoded())
    #expect(decoded.doubles[0].isNaN && decoded.doubles[1] == 1 && decoded.floats[0].isNaN)
  }

  @Test func `a list of a million numbers travels`() throws {
    let floats = (0..<1_000_000).map { Float($0) * 0.5 }
    let message = Lists(floats: floats)
    #expect(try Lists(protobuf: try message.encoded()).floats == floats)
  }

  @Test func `numbers that came one by one are read like packed ones`() throws {
    let bytes: [UInt8] = [0x18, 1, 0x18, 2, 0x1A, 2, 3, 4]
    #expect(try Lists(protobuf: bytes).int32s == [1, 2, 3, 4])
  }
}

import ProtobufRuntime
import Testing

@Suite struct RawMessageTests {
  @Test func `bytes pass through untouched`() throws {
    let bytes: [UInt8] = [0, 255, 1, 2, 3]
    let message = try RawMessage(protobuf: bytes)
    #expect(message.bytes == bytes)
    #expect(try message.encoded() == bytes)
    #expect(try RawMessage().encoded().isEmpty)
  }

  @Test func `more bytes than the limit are refused`() {
    let limits = DecodingLimits(byteCountMax: 4)
    #expect(throws: MessageError.tooLarge(message: "raw", byteCount: 5, byteCountMax: 4)) {
      try RawMessage(protobuf: [1, 2, 3, 4, 5], limits: limits)
    }
  }
}

import ProtobufRuntime
import Testing

@Suite struct MessageErrorTests {
  @Test func `the path grows from the inside out`() {
    let error = MessageError.invalidUTF8(message: "Leaf", field: "note_utf8")
      .inside("Branch", "leaves", at: 3)
      .inside("Tree", "branch")
    #expect(error == .invalidUTF8(message: "Tree", field: "branch.leaves[3].note_utf8"))
    #expect("\(error)" == "Tree.branch.leaves[3].note_utf8: the text is not valid UTF-8")
  }

  @Test func `a fault of the whole message keeps its place`() {
    let error = MessageError.tooLarge(message: "Tree", byteCount: 9, byteCountMax: 8)
    #expect(error.inside("Forest", "tree") == error)
    #expect("\(error)".hasPrefix("Tree: 9 bytes"))
  }

  @Test func `limits follow the size of a message`() {
    #expect(DecodingLimits(byteCountMax: 1000).arenaByteCountMax == 8000 + 65536)
    #expect(DecodingLimits(byteCountMax: .max).arenaByteCountMax == .max)
    #expect(DecodingLimits(byteCountMax: 1, arenaByteCountMax: 5).arenaByteCountMax == 5)
  }
}

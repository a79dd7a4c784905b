import ProtobufRuntime
import Testing

@Suite struct Base64Tests {
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func `the examples of RFC 4648 hold`(bytes: String, text: String) {
    #expect(Base64.encode(Array(bytes.utf8)) == text)
    #expect(Base64.decode(text) == Array(bytes.utf8))
    #expect(Base64.decode(text.replacing("=", with: "")) == Array(bytes.utf8))
  }

  @Test func `every byte survives in both alphabets`() {
    let bytes = [UInt8](0...255)
    let text = Base64.encode(bytes)
    #expect(Base64.decode(text) == bytes)
    #expect(Base64.decode(text.replacing("+", with: "-").replacing("/", with: "_")) == bytes)
  }

  @Test(arguments: ["A", "A===", "====", "Zg=", "Zm9v=", "Zm 9v", "Zm9v\n", "Zg==Zg==", "é"])
  func `text that is no base64 is refused`(text: String) {
    #expect(Base64.decode(text) == nil)
  }
}

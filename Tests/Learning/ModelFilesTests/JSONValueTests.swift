import ModelFiles
import Testing

@Suite struct JSONValueTests {
  private func parse(_ text: String) throws -> JSONValue { try parse(Array(text.utf8)) }

  private func parse(_ bytes: [UInt8]) throws -> JSONValue {
    try bytes.withUnsafeBytes { try JSONValue.parse($0, file: "test.json") }
  }

  @Test func `members keep their order and the last of several wins`() throws {
    let value = try parse(#" {"b": 1, "a": [true, null, "x"], "b": 2.5} "#)
    #expect(value.members?.map(\.key) == ["b", "a", "b"])
    #expect(value["b"]?.number == 2.5)
    #expect(value["a"]?.array == [.bool(true), .null, .string("x")])
    #expect(value["c"] == nil)
  }

  @Test(arguments: [
    ("0", JSONValue.integer(0)), ("-7", .integer(-7)), ("1e2", .number(100)),
    ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(0x1p63)),
    ("-0.5E-1", .number(-0.05)),
  ])
  func `numbers are read exactly`(_ text: String, _ value: JSONValue) throws {
    #expect(try parse(text) == value)
  }

  @Test func `escapes and surrogate pairs are read`() throws {
    let value = try parse(#""\u00e9\ud83d\ude42\n\\\/\"\u0000""#)
    #expect(value.string == "é🙂\n\\/\"\u{0}")
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1,]", "{\"a\"}", "{\"a\":}", "{,}", "{\"a\":1,}", "tru", "nul", "01", "-",
    "1.", "1e", ".5", "+1", "1e999", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
    "\"\\ud800\\n\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "1 2", "[1 2]", "'a'", "-01",
  ])
  func `what is no JSON is refused`(_ text: String) {
    #expect(throws: ModelFileError.self) { try parse(text) }
  }

  @Test func `broken UTF-8 is refused`() {
    #expect(throws: ModelFileError.self) { try parse([0x22, 0xC3, 0x28, 0x22]) }
    #expect(throws: ModelFileError.self) { try parse([0x22, 0x5C, 0x6E, 0xC3, 0x28, 0x22]) }
  }

  @Test func `nesting without end is refused`() {
    #expect(throws: ModelFileError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
  }

  @Test func `a prefix of a document is refused at every length`() throws {
    let text = Array(#"{"a": [1, -2.5e3, "x\u00e9y", {"b": null}], "c": false}"#.utf8)
    #expect(try parse(text).members?.count == 2)
    for count in 0..<text.count {
      #expect(throws: ModelFileError.self) { try parse(Array(text.prefix(count))) }
    }
  }

  @Test func `what is written is read back`() throws {
    let value = JSONValue.object([
      JSONMember("z", .array([.integer(-1), .number(1e-5), .number(0.1), .bool(false), .null])),
      JSONMember("text \"\\\n\u{0}\u{7F}🙂", .string("\t\r\u{1F}é")),
      JSONMember("empty", .object([])), JSONMember("none", .array([])),
    ])
    #expect(try parse(value.compactText) == value)
    #expect(try parse(value.indentedText) == value)
  }
}

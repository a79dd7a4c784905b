import JSON
import Testing

@Suite struct JSONParserTests {
  @Test func `members keep their order and names are compared byte by byte`() throws {
    let value = try JSONValue(parsing: #" {"b": 1, "a": [true, null, "x"], "e\u0301": 2.5} "#)
    #expect(value.members?.map(\.name) == ["b", "a", "e\u{301}"])
    #expect(value["e\u{301}"]?.double == 2.5)
    #expect(value["\u{E9}"] == nil)
    #expect(value["a"]?.elements == [.bool(true), .null, .string("x")])
    #expect(value["c"] == nil)
  }

  @Test func `a name that comes twice is refused unless that is allowed`() throws {
    let text = #"{"b": 1, "a": 2, "b": 3}"#
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    let value = try JSONValue(parsing: text, rules: JSONRules(allowsRepeatedNames: true))
    #expect(value["b"]?.whole == 3)
    #expect(value.members?.count == 3)
  }

  @Test(arguments: [
    ("0", JSONValue.integer(0)), ("-7", .integer(-7)), ("1e2", .number(100)),
    ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(0x1p63)),
    ("-0.5E-1", .number(-0.05)),
  ])
  func `numbers are read exactly`(_ text: String, _ value: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == value)
    let kept = try JSONValue(parsing: text, rules: JSONRules(numbers: .asWritten))
    #expect(kept == .numeral(text))
    #expect(kept.double == value.double)
    #expect(kept.line == text)
  }

  @Test(arguments: ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
  func `numbers that are not finite are read only where they are allowed`(text: String) throws {
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    let value = try JSONValue(parsing: text, rules: JSONRules(numbers: .nonFinite))
    #expect(value.double?.isFinite == false)
    #expect((value.double ?? 0 < 0) == text.hasPrefix("-"))
  }

  @Test func `escapes and surrogate pairs become the characters they name`() throws {
    let value = try JSONValue(parsing: #""\u00e9\ud83d\ude00\n\\\/\"\b\u0000""#)
    #expect(value == .string("é😀\n\\/\"\u{8}\u{0}"))
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1,]", "{\"a\"}", "{\"a\":}", "{,}", "{\"a\":1,}", "tru", "nul", "01", "-",
    "1.", "1e", ".5", "+1", "1e999", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
    "\"\\ud800\"", "\"\\ud800\\n\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"",
    "\"\u{1}\"", "1 2", "[1 2]", "'a'", "-01", "{a:1}", "-I", "N", "\u{FEFF}1",
  ])
  func `what is no JSON is refused`(_ text: String) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
  }

  @Test func `broken UTF-8 is refused`() {
    for bytes in [[0x22, 0xC3, 0x28, 0x22], [0x22, 0x5C, 0x6E, 0xC3, 0x28, 0x22]] as [[UInt8]] {
      #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }
  }

  @Test(arguments: ["[", "{\"a\":"])
  func `nesting without end is refused`(opening: String) throws {
    let deepest = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
    #expect(try JSONValue(parsing: deepest).elements?.count == 1)
    #expect(throws: JSONError.self) {
      try JSONValue(parsing: String(repeating: opening, count: 1_000_000))
    }
  }

  @Test func `a prefix of a document is refused at every length`() throws {
    let text = Array(#"{"a": [1, -2.5e3, "x\u00e9y", {"b": null}], "c": false}"#.utf8)
    #expect(try JSONValue(parsing: text).members?.count == 2)
    for count in 0..<text.count {
      #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.prefix(count))) }
    }
  }

  @Test func `a fault is named by byte, line and column`() {
    let error = #expect(throws: JSONError.self) {
      try JSONValue(parsing: "{\"ä\": 1,\n \"ö\": ?}")
    }
    #expect(error?.offset == 17 && error?.line == 2 && error?.column == 7)
    #expect(error?.description == "not JSON at byte 17: a value cannot begin like this")
  }
}

import RunReports
import Testing

@Suite struct JSONValueTests {
  @Test func `members keep their order through writing and reading`() throws {
    let value: JSONValue = ["b": 1, "a": [true, .null, "x\n\"y\"\\\u{1}"], "c": -2.5e-3]
    #expect(value.line == #"{"b":1,"a":[true,null,"x\n\"y\"\\\u0001"],"c":-0.0025}"#)
    #expect(try JSONValue(parsing: value.line) == value)
    #expect(try JSONValue(parsing: value.pretty) == value)
  }

  @Test func `escapes and surrogate pairs become the characters they name`() throws {
    let value = try JSONValue(parsing: #""\u00e9\ud83d\ude00\/\b\u0000""#)
    #expect(value == .string("é😀/\u{8}\u{0}"))
  }

  @Test func `numbers that are not finite are written as null`() {
    #expect(JSONValue.number(.nan).line == "null")
    #expect(JSONValue.number(-.infinity).line == "null")
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":1,}", "01", "+1", "1.", "tru", "\"\\ud800\"", "\"\u{1}\"", "1 2",
    "{\"a\":1,\"a\":2}", "1e999", "{a:1}", "\"\\u12g4\"", "-",
  ])
  func `a text that is not JSON is refused`(text: String) {
    #expect(throws: RunReportError.self) { try JSONValue(parsing: text) }
  }

  @Test func `nesting without end is refused`() {
    let text = String(repeating: "[", count: 100_000)
    #expect(throws: RunReportError.self) { try JSONValue(parsing: text) }
  }
}

import JSON
import Testing

@Suite struct JSONValueTests {
  @Test func `members keep their order through writing and reading`() throws {
    let value: JSONValue = ["b": 1, "a": [true, .null, "x\n\"y\"\\\u{1}"], "c": -2.5e-3]
    #expect(value.line == #"{"b":1,"a":[true,null,"x\n\"y\"\\\u0001"],"c":-0.0025}"#)
    #expect(try JSONValue(parsing: value.line) == value)
    #expect(try JSONValue(parsing: value.pretty) == value)
  }

  @Test func `what is written is read back`() throws {
    let value = JSONValue.object([
      JSONMember("z", .array([.integer(-1), .number(1e-5), .number(0.1), .bool(false), .null])),
      JSONMember("text \"\\\n\u{0}\u{7F}🙂", .string("\t\r\u{1F}é\u{2028}")),
      JSONMember("empty", .object([])), JSONMember("none", .array([])),
      JSONMember("deep", .array([.array([.object([JSONMember("a", .array([]))])])])),
    ])
    #expect(try JSONValue(parsing: value.line) == value)
    #expect(try JSONValue(parsing: value.pretty) == value)
    #expect(!value.line.contains { $0.isNewline })
  }

  @Test func `the pretty form keeps lists of plain values on one line`() {
    let value: JSONValue = ["a": [1, 2], "b": [["x"], []], "c": [:]]
    #expect(
      value.pretty == """
        {
          "a": [1, 2],
          "b": [
            ["x"],
            []
          ],
          "c": {}
        }
        """
    )
  }

  @Test func `numbers that are not finite are written as null`() {
    #expect(JSONValue.number(.nan).line == "null")
    #expect(JSONValue.number(-.infinity).line == "null")
  }
}

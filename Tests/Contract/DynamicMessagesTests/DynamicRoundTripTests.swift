import DynamicMessages
import JSON
import ProtobufRuntime
import TestMessages
import Testing

@Suite struct DynamicRoundTripTests {
  private let schema: DynamicSchema

  init() throws {
    schema = try DynamicSchema(descriptorSet: try Protoc.descriptorSet())
  }

  @Test(arguments: [JSONStyle.pretty, .singleLine])
  func `random messages survive the way through JSON`(style: JSONStyle) throws {
    var random = RandomMessages(seed: 11)
    for _ in 0..<300 {
      let message = random.everything()
      let bytes = try message.encoded()
      for includesDefaults in [false, true] {
        let json = try schema.json(
          of: bytes,
          as: Everything.protobufName,
          style: style,
          includesDefaults: includesDefaults
        )
        #expect(style == .pretty || !json.contains("\n"))
        #expect(try schema.encode(json: json, as: Everything.protobufName) == bytes)
      }
    }
  }

  @Test func `what JSON says is what protoc reads`() throws {
    let json = """
      {"scalars": {"aDouble": 1.5, "a_int64x": null, "an_int32": -7, "anInt64": "-9007199254740993",
        "aUint64": 18446744073709551615, "aSint32": -3, "aFixed64": "4", "aBool": true,
        "aString": "näme", "someBytes": "AP8=", "someText": "a\\u0000\\ud83c\\udfe1",
        "colour": "COLOUR_DEEP_BLUE", "default": 1e3},
       "lists": {"floats": [0.5, "NaN", "-Infinity"], "colours": [1, "COLOUR_NEGATIVE"],
         "branches": [{"first": {"leaf_id": "x"}}, {}], "texts_utf8": ["", "t"]},
       "choice": {"count": 0}}
      """.replacing("\"a_int64x\": null, ", with: "")
    let text = """
      scalars { a_double: 1.5 an_int32: -7 an_int64: -9007199254740993
        a_uint64: 18446744073709551615 a_sint32: -3 a_fixed64: 4 a_bool: true
        a_string: "n\\303\\244me" some_bytes: "\\000\\377" some_text_utf8: "a\\000\\360\\237\\217\\241"
        colour: COLOUR_DEEP_BLUE default: 1000 }
      lists { floats: [0.5, nan, -inf] colours: [COLOUR_RED, COLOUR_NEGATIVE]
        branches { first { leaf_id: "x" } } branches {} texts_utf8: "" texts_utf8: "t" }
      choice { count: 0 }
      """
    let theirs = try Protoc.encode(Array(text.utf8), as: Everything.protobufName)
    #expect(try schema.encode(json: json, as: Everything.protobufName) == theirs)
  }

  @Test func `JSON shows what a message holds`() throws {
    let leaf = Leaf(leafID: "a\"b", note: "line\n", weight: 0.25)
    let bytes = try Branch(first: leaf, leaves: [Leaf()]).encoded()
    let pretty = try schema.json(of: bytes, as: "morlaif.test.Branch")
    #expect(
      pretty == """
        {
          "first": {
            "leafId": "a\\"b",
            "note": "line\\n",
            "weight": 0.25
          },
          "leaves": [
            {}
          ]
        }
        """
    )
    let full = try schema.json(
      of: Leaf().encoded(),
      as: "morlaif.test.Leaf",
      style: .singleLine,
      includesDefaults: true
    )
    #expect(full == #"{"leafId":"","note":"","weight":0}"#)
  }

  @Test func `numbers of 64 bits are strings and unknown enum numbers stay numbers`() throws {
    let message = Scalars(anInt64: .min, aUint64: .max, colour: .unrecognized(99))
    let json = try schema.json(
      of: message.encoded(),
      as: Scalars.protobufName,
      style: .singleLine
    )
    #expect(
      json
        == #"{"anInt64":"-9223372036854775808","aUint64":"18446744073709551615","colour":99}"#
    )
  }

  @Test func `unknown fields are skipped and split messages are merged`() throws {
    let name = Everything.protobufName
    let first = try Everything(scalars: Scalars(anInt32: 1)).encoded()
    let second = try Everything(scalars: Scalars(aBool: true)).encoded()
    let json = try schema.json(of: [0xF8, 0x01, 5] + first + second, as: name, style: .singleLine)
    #expect(json == #"{"scalars":{"anInt32":1,"aBool":true}}"#)
  }

  @Test func `the last of several choices is shown`() throws {
    let bytes = try Choice(kind: .name("n")).encoded() + Choice(kind: .count(0)).encoded()
    let json = try schema.json(of: bytes, as: Choice.protobufName, style: .singleLine)
    #expect(json == #"{"count":"0"}"#)
  }

  @Test func `methods are found by their full and their short name`() throws {
    let method = try schema.method("morlaif.test.Echo/Repeat")
    #expect(method.input == "morlaif.test.Choice")
    #expect(method.output == "morlaif.test.Leaf")
    #expect(!method.isClientStreaming && method.isServerStreaming && method.isIdempotent)
    #expect(try schema.method("Echo/Say").name == "Say")
    #expect(throws: DynamicMessageError.self) { try schema.method("Echo/Shout") }
    #expect(throws: DynamicMessageError.self) { try schema.method("cho/Say") }
  }

  @Test func `a message is described with everything it is made of, each once`() throws {
    let lines = try schema.description(of: "morlaif.test.Everything")
    #expect(lines.first == "message morlaif.test.Everything {")
    #expect(lines.count { $0 == "message morlaif.test.Scalars {" } == 1)
    #expect(lines.contains { $0.hasPrefix("enum morlaif.test.") })
    #expect(lines.contains { $0.hasPrefix("  int32 an_int32 = ") && $0.hasSuffix("anInt32") })
    #expect(lines.contains { $0.hasPrefix("  morlaif.test.Scalars scalars = ") })
    let both = try schema.description(of: "morlaif.test.Choice", "morlaif.test.Everything")
    #expect(both.first == "message morlaif.test.Choice {")
    #expect(both.count { $0 == "message morlaif.test.Choice {" } == 1)
    #expect(Set(lines).isSubset(of: both))
    #expect(schema.messageNames("Choice") == ["morlaif.test.Choice"])
    #expect(schema.messageNames("hoice").isEmpty)
    #expect(throws: DynamicMessageError.self) { try schema.description(of: "Nobody") }
  }
}

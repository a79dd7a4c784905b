import DynamicMessages
import ProtobufRuntime
import TestMessages
import Testing

@Suite struct DynamicRefusalTests {
  private let schema: DynamicSchema

  init() throws {
    schema = try DynamicSchema(descriptorSet: try Protoc.descriptorSet())
  }

  /// JSON of `Everything` and the path that the refusal has to name.
  struct Refusal: Sendable, CustomTestStringConvertible {
    let json: String
    let path: String
    var testDescription: String { json }
  }

  @Test(arguments: [
    Refusal(json: #"{"scalar": {}}"#, path: "scalar"),
    Refusal(json: #"{"scalars": 1}"#, path: "scalars"),
    Refusal(json: #"{"scalars": {"anInt32": 2147483648}}"#, path: "scalars.anInt32"),
    Refusal(json: #"{"scalars": {"anInt32": 1.5}}"#, path: "scalars.anInt32"),
    Refusal(json: #"{"scalars": {"anInt32": "0x1"}}"#, path: "scalars.anInt32"),
    Refusal(json: #"{"scalars": {"anInt32": 1e999999999999}}"#, path: "scalars.anInt32"),
    Refusal(json: #"{"scalars": {"aUint32": -1}}"#, path: "scalars.aUint32"),
    Refusal(json: #"{"scalars": {"aUint64": 18446744073709551616}}"#, path: "scalars.aUint64"),
    Refusal(json: #"{"scalars": {"aFloat": 1e39}}"#, path: "scalars.aFloat"),
    Refusal(json: #"{"scalars": {"aDouble": "inf"}}"#, path: "scalars.aDouble"),
    Refusal(json: #"{"scalars": {"aBool": 1}}"#, path: "scalars.aBool"),
    Refusal(json: #"{"scalars": {"aString": "a\u0000"}}"#, path: "scalars.aString"),
    Refusal(json: #"{"scalars": {"someBytes": "A"}}"#, path: "scalars.someBytes"),
    Refusal(json: #"{"scalars": {"someBytes": "!!!!"}}"#, path: "scalars.someBytes"),
    Refusal(json: #"{"scalars": {"colour": "RED"}}"#, path: "scalars.colour"),
    Refusal(json: #"{"scalars": {"an_int32": 1, "anInt32": 1}}"#, path: "scalars.anInt32"),
    Refusal(json: #"{"lists": {"floats": 1}}"#, path: "lists.floats"),
    Refusal(json: #"{"lists": {"floats": [1, null]}}"#, path: "lists.floats[1]"),
    Refusal(
      json: #"{"lists": {"branches": [{}, {"leaves": [{"weight": []}]}]}}"#,
      path: "lists.branches[1].leaves[0].weight"
    ),
    Refusal(json: #"{"choice": {"count": 1, "name": "n"}}"#, path: "choice.name"),
  ])
  func `a value that does not fit is refused by path`(refusal: Refusal) throws {
    do throws(DynamicMessageError) {
      _ = try schema.encode(json: refusal.json, as: Everything.protobufName)
      Issue.record("accepted \(refusal.json)")
    } catch {
      guard case .field(let path, _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(path == refusal.path)
    }
  }

  @Test(arguments: [
    "", "{", "[]]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":.5}",
    "{\"a\":+1}", "{\"a\":nul}", "{\"a\":\"\u{1}\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}",
    "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\udc00\"}", "{\"a\":1} x", "{\"a\":1,\"a\":2}",
    "{\"a\":NaN}", "'a'", "{\"a\":\"", "{\"a\":tru",
  ])
  func `text that is not JSON is refused`(json: String) throws {
    do throws(DynamicMessageError) {
      _ = try schema.encode(json: json, as: Everything.protobufName)
      Issue.record("accepted \(json)")
    } catch {
      guard case .json = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func `an error in JSON names line and column`() {
    let expected = DynamicMessageError.json(
      line: 2,
      column: 7,
      reason: "a value cannot begin like this"
    )
    #expect(throws: expected) {
      try schema.encode(json: "{\"ä\": 1,\n \"ö\": ?}", as: Everything.protobufName)
    }
  }

  @Test func `deep JSON is refused`() {
    let json = String(repeating: "[", count: 100_000)
    #expect(throws: DynamicMessageError.self) {
      try schema.encode(json: json, as: Everything.protobufName)
    }
  }

  @Test func `every truncation and random damage end in a value or an error`() throws {
    var random = RandomMessages(seed: 5)
    var numbers = SeededNumbers(seed: 6)
    for _ in 0..<20 {
      let bytes = try random.everything().encoded()
      for count in 0..<min(bytes.count, 500) {
        _ = try? schema.json(of: Array(bytes[..<count]), as: Everything.protobufName)
      }
      guard !bytes.isEmpty else { continue }
      for _ in 0..<200 {
        var damaged = bytes
        damaged[Int.random(in: 0..<bytes.count, using: &numbers)] = UInt8.random(
          in: 0...255,
          using: &numbers
        )
        _ = try? schema.json(of: damaged, as: Everything.protobufName, includesDefaults: true)
      }
    }
  }

  @Test func `text that is not UTF-8 is refused by path`() throws {
    let expected = DynamicMessageError.field(
      path: "leaves[0].note",
      reason: "the text is not valid UTF-8"
    )
    #expect(throws: expected) {
      try schema.json(of: [0x12, 3, 0x12, 1, 0xFF], as: "morlaif.test.Branch")
    }
  }

  @Test func `an unknown message is refused with what is known`() {
    do throws(DynamicMessageError) {
      _ = try schema.encode(json: "{}", as: "morlaif.test.Nothing")
    } catch {
      #expect("\(error)".contains("morlaif.test.Leaf"))
    }
  }
}

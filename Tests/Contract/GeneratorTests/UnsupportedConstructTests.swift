import Foundation
import Testing

@Suite struct UnsupportedConstructTests {
  /// A `.proto` body and what the error has to say about it.
  struct Refusal: Sendable, CustomTestStringConvertible {
    let body: String
    let expected: String
    var testDescription: String { expected }
  }

  @Test(arguments: [
    Refusal(
      body: "message M { optional int32 x = 1; }",
      expected: "test.proto: M.x: optional is not supported"
    ),
    Refusal(
      body: "message M { map<string, int32> table = 1; }",
      expected: "test.proto: M: map fields are not supported"
    ),
    Refusal(
      body: "message M { message N {} N n = 1; }",
      expected: "test.proto: M: nested types are not supported"
    ),
    Refusal(
      body: "message M { enum E { E_A = 0; } E e = 1; }",
      expected: "test.proto: M: nested types are not supported"
    ),
    Refusal(
      body: "message M { repeated int32 x = 1 [packed = false]; }",
      expected: "test.proto: M.x: packed = false is not supported"
    ),
    Refusal(
      body: "message M { string x_utf8 = 1; }",
      expected: "test.proto: M.x_utf8: the suffix _utf8 marks text"
    ),
    Refusal(
      body: "message M { bytes x_utf8 = 1; int32 x = 2; }",
      expected: "test.proto: M.x: has the same name in Swift as x_utf8"
    ),
    Refusal(
      body: "message A { B b = 1; } message B { A a = 1; }",
      expected: "test.proto: A: a message may contain itself only through a repeated field"
    ),
    Refusal(
      body: "enum E { option allow_alias = true; E_A = 0; E_B = 0; }",
      expected: "test.proto: E: two names for one number are not supported"
    ),
    Refusal(
      body: "enum E { E_A = 0; E_UNRECOGNIZED = 1; }",
      expected: "test.proto: E.E_UNRECOGNIZED: the name is taken in Swift"
    ),
    Refusal(
      body: "message M { string protobuf_name = 1; }",
      expected: "test.proto: M.protobuf_name: the name is taken by generated code"
    ),
  ])
  func `an unsupported construct is named by file and field`(refusal: Refusal) throws {
    let outcome = try generate("syntax = \"proto3\"; package p; \(refusal.body)")
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(refusal.expected), "\(outcome.errors)")
  }

  @Test func `proto2 is refused`() throws {
    let outcome = try generate("syntax = \"proto2\"; message M { optional int32 x = 1; }")
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains("test.proto: only proto3 is supported"))
  }

  @Test func `an unknown option is refused by name`() throws {
    let outcome = try generate("syntax = \"proto3\";", options: "message")
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains("unknown option 'message'"))
  }

  @Test func `a repeated message may contain itself`() throws {
    let outcome = try generate("syntax = \"proto3\"; message Tree { repeated Tree trees = 1; }")
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test func `bytes that are no request end in an error`() throws {
    let plugin = Workplace.plugin.path
    let outcome = try Workplace.run(["bash", "-c", "printf garbage | '\(plugin)'"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("protoc-gen-morlaif: "))
  }

  private func generate(_ proto: String, options: String = "messages") throws -> Workplace.Outcome {
    try Workplace.withFolder { folder in
      try Data(proto.utf8).write(to: folder.appendingPathComponent("test.proto"))
      return try Workplace.run([
        "protoc", "-I", folder.path, "--plugin=protoc-gen-morlaif=\(Workplace.plugin.path)",
        "--morlaif_opt=\(options)", "--morlaif_out=\(folder.path)", "test.proto",
      ])
    }
  }
}

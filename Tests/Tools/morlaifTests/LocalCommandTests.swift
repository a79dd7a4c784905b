import Foundation
import JSON
import RunReports
import Testing

@Suite struct LocalCommandTests {
  private static let models = Morlaif.root + "/Tests/Vectors/models"

  private func json(_ path: String) throws -> JSONValue {
    try JSONValue(parsing: try TextFile.read(path: "\(Self.models)/\(path)"))
  }

  @Test func `tokenize gives the reference's ids for every golden text`() throws {
    let texts = try #require(try json("tiny-chat-tokens.json")["texts"]?.elements)
    let input = try texts.map { text -> String in
      let record: JSONValue = ["text": try #require(text["text"])]
      return record.line + "\n"
    }.joined()
    let outcome = try Morlaif.run(
      ["tokenize", "--model", Self.models + "/tiny-chat", "--input", "-"],
      input: input
    )
    #expect(outcome.code == 0, "\(outcome.errors)")
    let ids = try outcome.records().map { $0["ids"] }
    #expect(ids.count == texts.count)
    for (found, text) in zip(ids, texts) { #expect(found == text["ids"]) }
  }

  @Test func `logprobs of ids agree with the reference`() throws {
    let golden = try #require(
      try json("tiny-llama-tied/logprobs.json")["sequences"]?.elements
    )
    let input = try golden.map { sequence -> String in
      let record: JSONValue = ["ids": try #require(sequence["ids"])]
      return record.line + "\n"
    }.joined()
    let outcome = try Morlaif.run(
      ["logprobs", "--model", Self.models + "/tiny-llama-tied", "--input", "-"],
      input: input
    )
    #expect(outcome.code == 0, "\(outcome.errors)")
    let records = try outcome.records()
    #expect(records.count == golden.count)
    for (record, sequence) in zip(records, golden) {
      let expected = try #require(sequence["logprobs"]?.elements).compactMap(\.double)
      let found = try #require(record["logprobs"]?.elements).compactMap(\.double)
      #expect(record["tokens"]?.whole == expected.count)
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-3 })
      #expect(abs((record["sum_logprob"]?.double ?? 0) - found.reduce(0, +)) < 1e-6)
    }
  }

  @Test func `logprobs of a response are over its own tokens`() throws {
    let input =
      "{\"prompt\":\"Hello\",\"response\":\"12 34\"}\n{\"prompt\":\"Hello\",\"response\":\"\"}\n"
    let model = Self.models + "/tiny-chat"
    let outcome = try Morlaif.run(["logprobs", "--model", model, "--input", "-"], input: input)
    let tokens = try Morlaif.run(
      ["tokenize", "--model", model, "--input", "-"],
      input: "{\"text\":\"12 34\"}\n"
    )
    let count = try tokens.records().first?["ids"]?.elements?.count
    let records = try outcome.records()
    #expect(records.first?["tokens"]?.whole == count)
    #expect(records.last?["tokens"]?.whole == 0)
    #expect(records.last?["sum_logprob"]?.double == 0)
  }

  @Test(arguments: [
    ("nonsense", "line 1: not JSON"), ("{\"x\":1}", "line 1: needs"),
    ("{\"ids\":[1,2.5]}", "whole numbers"), ("{\"ids\":[1,99999999]}", "outside the vocabulary"),
    ("{\"ids\":[]}", "empty"), ("{\"ids\":[5000000000]}", "whole numbers"),
    ("{\"prompt\":\"a\"}", "needs a text \"response\""),
  ])
  func `a line that cannot be used is named and ends with code 65`(
    line: String,
    reason: String
  ) throws {
    let outcome = try Morlaif.run(
      ["logprobs", "--model", Self.models + "/tiny-chat", "--input", "-"],
      input: line + "\n"
    )
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains(reason), "\(outcome.errors)")
  }

  @Test func `a model that is not there is named`() throws {
    let outcome = try Morlaif.run(["tokenize", "--model", "/no/such", "--input", "-"])
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains("--model /no/such"))
  }

  @Test func `generate answers locally, the same for the same seed`() throws {
    let arguments = [
      "generate", "--model", Self.models + "/tiny-chat", "--input", "-", "--samples", "2",
      "--max-tokens", "6", "--seed", "5",
    ]
    let first = try Morlaif.run(arguments, input: "{\"prompt\":\"Hi\"}\n")
    #expect(first.code == 0, "\(first.errors)")
    #expect(try first.records().map { $0["sample"]?.whole } == [0, 1])
    #expect(try Morlaif.run(arguments, input: "{\"prompt\":\"Hi\"}\n").output == first.output)
  }

  /// METHODS A(g) 1: the published golden vector.
  @Test(arguments: [
    ("linear", "", 2.7), ("maxmin", "", -1.1), ("median", "", 0.5),
    ("softmin_lse", "tau: 1", -0.0279270), ("softmin_lse", "tau: 10", 0.3985382),
    ("lower_quantile", "quantile: 0.3334", -0.75),
    ("nash", "nash_link: sigmoid", 0.5444294), ("nash", "nash_link: softplus", 0.8695901),
  ])
  func `scalarize gives the golden rewards`(
    method: String,
    parameters: String,
    reward: Double
  ) throws {
    let yaml = """
      method: \(method)
      weights: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1}
      parameters: {\(parameters)}
      """
    let line = "{\"scores\":{\"a\":1.2,\"b\":-0.4,\"c\":0.3,\"d\":2.0,\"e\":-1.1,\"f\":0.7}}\n"
    let outcome = try scalarize(yaml, line)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let record = try #require(try outcome.records().first)
    #expect(abs((record["reward"]?.double ?? .nan) - reward) < 1e-6, "\(outcome.output)")
    #expect(record["version"]?.whole == 1)
    let parts = try #require(record["contributions"]?.members).compactMap(\.value.double)
    #expect(abs(parts.reduce(0, +) - reward) < 1e-6)
  }

  @Test(arguments: [
    ("{\"a\":NaN,\"b\":1}", "a"), ("{\"a\":1,\"b\":-Infinity}", "b"), ("{\"a\":1}", "b"),
    ("{\"a\":1,\"b\":1,\"zeal\":1}", "zeal"), ("{\"a\":1,\"b\":1e999}", "b"),
    ("{\"a\":1,\"b\":\"1\"}", "b"), ("{\"a\":1,\"b\":null}", "b"),
  ])
  func `scalarize refuses bad scores by the principle's name`(
    scores: String,
    principle: String
  ) throws {
    let outcome = try scalarize("weights: {a: 1, b: 1}", "{\"scores\":\(scores)}\n")
    #expect(outcome.code == 65)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.contains("line 1"))
    #expect(
      outcome.errors.contains(".\(principle):") || outcome.errors.contains("'\(principle)'")
        || outcome.errors.contains("\"\(principle)\""),
      "\(outcome.errors)"
    )
  }

  private func scalarize(_ yaml: String, _ input: String) throws -> Morlaif.Outcome {
    let path = NSTemporaryDirectory() + "scalarizer-\(UUID().uuidString).yaml"
    try TextFile.write(yaml, path: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try Morlaif.run(["scalarize", "--config", path, "--input", "-"], input: input)
  }
}

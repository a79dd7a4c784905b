import Foundation
import Scalarization
import Testing

@Suite struct ScalarizationConfigurationTests {
  private func parse(_ text: String) throws -> ScalarizationConfiguration {
    try JSONDecoder().decode(ScalarizationConfiguration.self, from: Data(text.utf8))
  }

  @Test func `the mapping form is read in order of id`() throws {
    let configuration = try parse(
      """
      {"method": "max_min", "weights": {"b": 2, "a": 1},
       "normaliser": {"a": {"mean": 0.5, "std": 2}}, "parameters": {"tau": 0.3}}
      """
    )
    #expect(configuration.method == .maxMin)
    #expect(configuration.principleIDs == ["a", "b"])
    #expect(configuration.principles[0].mean == 0.5)
    #expect(configuration.parameters.temperature == 0.3)
  }

  @Test func `the list form keeps its order and survives a round trip`() throws {
    let configuration = try parse(
      """
      {"method": "nash", "principles": [{"id": "z"}, {"id": "a", "weight": -1, "std": 3}],
       "parameters": {"nash_link": "softplus"}, "mask": ["z"]}
      """
    )
    #expect(configuration.principleIDs == ["z", "a"])
    let data = try JSONEncoder().encode(configuration)
    let again = try JSONDecoder().decode(ScalarizationConfiguration.self, from: data)
    #expect(again == configuration)
    #expect(again.contentHash == configuration.contentHash)
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let text: String
    let error: ScalarizationError
    var testDescription: String { text }
  }

  static let refusals: [Refusal] = [
    Refusal(text: "{}", error: .noPrinciples),
    Refusal(text: #"{"weights": {"a": 0}}"#, error: .nothingWeighted),
    Refusal(text: #"{"weights": {"a": 1}, "mask": ["a"]}"#, error: .nothingWeighted),
    Refusal(text: #"{"method": "mean", "weights": {"a": 1}}"#, error: .unknownMethod("mean")),
    Refusal(text: #"{"method": "zeroed_linear", "weights": {"a": 1}}"#, error: .emptyMask),
    Refusal(
      text: #"{"principles": [{"id": "a"}, {"id": "a"}]}"#,
      error: .duplicatePrinciple("a")
    ),
    Refusal(text: #"{"principles": [{"id": ""}]}"#, error: .emptyPrinciple(position: 0)),
    Refusal(
      text: #"{"weights": {"a": 1}, "mask": ["b"]}"#,
      error: .unknownPrinciple("b", known: ["a"])
    ),
    Refusal(
      text: #"{"weights": {"a": 1}, "normaliser": {"b": {"mean": 0, "std": 1}}}"#,
      error: .unknownPrinciple("b", known: ["a"])
    ),
    Refusal(
      text: #"{"weights": {"a": 1}, "normaliser": {"a": {"mean": 0, "std": 0}}}"#,
      error: .invalidNormaliser(principle: "a", mean: 0, standardDeviation: 0)
    ),
    Refusal(
      text: #"{"weights": {"a": 1}, "parameters": {"tau": 0}}"#,
      error: .invalidParameter(name: "tau", value: 0, rule: "a number above 0")
    ),
    Refusal(
      text: #"{"weights": {"a": 1}, "parameters": {"nash_link": "exp"}}"#,
      error: .unknownNashLink("exp")
    ),
    Refusal(
      text: #"{"weights": {"a": 1}, "principles": [{"id": "a"}]}"#,
      error: .conflictingKeys("principles", "weights")
    ),
    Refusal(
      text: #"{"wieghts": {"a": 1}}"#,
      error: .unknownKey(
        "wieghts",
        known: ["method", "principles", "weights", "normaliser", "parameters", "mask"]
      )
    ),
    Refusal(
      text: #"{"weights": {"a": 1}, "parameters": {"temperature": 1}}"#,
      error: .unknownKey("temperature", known: ["tau", "lambda", "quantile", "nash_link"])
    ),
  ]

  @Test(arguments: refusals)
  func `a wrong document is refused by name`(refusal: Refusal) {
    #expect(throws: refusal.error) { try parse(refusal.text) }
  }

  @Test func `the content hash changes with everything that changes a reward`() throws {
    let texts = [
      #"{"weights": {"a": 1, "b": 1}}"#,
      #"{"weights": {"a": 1, "b": 1.0000000000000002}}"#,
      #"{"weights": {"a": 1, "c": 1}}"#,
      #"{"method": "median", "weights": {"a": 1, "b": 1}}"#,
      #"{"weights": {"a": 1, "b": 1}, "mask": ["b"]}"#,
      #"{"weights": {"a": 1, "b": 1}, "parameters": {"lambda": 0.4}}"#,
      #"{"weights": {"a": 1, "b": 1}, "normaliser": {"a": {"mean": 0, "std": 2}}}"#,
      #"{"principles": [{"id": "b"}, {"id": "a"}]}"#,
    ]
    let hashes = try texts.map { try parse($0).contentHash }
    #expect(Set(hashes).count == texts.count)
    #expect(hashes.allSatisfy { $0.count == 64 })
  }

  @Test func `the content hash is the SHA-256 that others compute`() throws {
    // Computed with Python's hashlib over the same canonical text.
    #expect(
      try parse(#"{"weights": {"a": 1}}"#).contentHash
        == "de4a60ca2439f0581ab75fa15989e61cc507d29e81585355063b0ce562b787a1"
    )
  }
}

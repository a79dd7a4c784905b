import Labeling
import Testing

@Suite struct JudgeExampleTests {
  let folder = TemporaryFolder()

  @Test func `examples are read from lines`() throws {
    let file = try folder.write(
      """
      {"prompt": "2 + 2?", "response_a": "4", "response_b": "5", "verdict": "A", "reasoning": "Right."}
      {"principle": "toxicity", "prompt": "Hi", "response_a": "x", "response_b": "y", "verdict": "B"}
      """,
      to: "examples.jsonl"
    )
    let examples = try JudgeExample.load(file: file)
    #expect(examples.map(\.verdict) == [.a, .b])
    #expect(examples.map(\.principleID) == ["", "toxicity"])
    #expect(examples.map(\.reasoning) == ["Right.", ""])
  }

  @Test(arguments: [
    "not json", "{}", #"{"prompt": "p", "response_a": "a", "response_b": "b", "verdict": "C"}"#,
  ])
  func `a line that is no example is refused by file and number`(line: String) throws {
    let good = #"{"prompt": "p", "response_a": "a", "response_b": "b", "verdict": "B"}"#
    let file = try folder.write(good + "\n" + line, to: "examples.jsonl")
    let error = #expect(throws: LabelingError.self) { try JudgeExample.load(file: file) }
    #expect(
      error?.description.contains("line 2") == true && error?.description.contains(file) == true
    )
  }
}

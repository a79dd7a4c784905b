import Foundation
import Labeling
import Testing

@Suite struct PrincipleFolderTests {
  let folder = TemporaryFolder()

  func reason(_ yaml: String) -> String? {
    do throws(LabelingError) {
      _ = try PrincipleFolder.parse(yaml, file: "x.yaml")
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `the principles of the default configuration are those the rules judge knows`() throws
  {
    let principles = try PrincipleFolder.load(directory: configurationFolder + "/principles")
    #expect(Set(principles.map(\.id)) == Set(Rule.allCases.map(\.rawValue)))
    for principle in principles {
      try RulesJudge().check(principle)
      #expect(!principle.negativeText.isEmpty)
    }
  }

  @Test func `the default prompts are two hundred different ones of six to twenty-five words`()
    throws
  {
    struct Prompt: Decodable {
      var id: String
      var prompt: String
    }
    let text = try String(
      contentsOfFile: configurationFolder + "/prompts/default.jsonl",
      encoding: .utf8
    )
    let prompts = try text.split(separator: "\n").map {
      try JSONDecoder().decode(Prompt.self, from: Data($0.utf8))
    }
    #expect(prompts.count == 200)
    #expect(Set(prompts.map(\.id)).count == 200)
    #expect(Set(prompts.map { $0.prompt.lowercased() }).count == 200)
    for prompt in prompts {
      let words = prompt.prompt.split(separator: " ").count
      #expect(words >= 6 && words <= 25, "\(prompt.prompt)")
    }
  }

  @Test func `a principle that was saved is read again`() throws {
    let principle = Principle(
      id: "tone-1",
      text: "Is kind: \"yes\"\nalways # really",
      negativeText: ""
    )
    try PrincipleFolder.save(principle, directory: folder.path)
    try PrincipleFolder.save(conciseness, directory: folder.path)
    try PrincipleFolder.save(conciseness, directory: folder.path)
    #expect(try PrincipleFolder.load(directory: folder.path) == [conciseness, principle])
  }

  @Test(
    arguments: [
      ("text: t\nnegative_text: n", "field id is missing"),
      ("id: a b\ntext: t\nnegative_text: n", "field id is \"a b\""),
      ("id: a\ntext: ''\nnegative_text: n", "field text is empty"),
      ("id: a\ntext: t\nnegative_text: n\nweight: 3", "unknown field \"weight\""),
      ("id: a\ntext: [t]\nnegative_text: n", "field text is not text"),
      ("- a", "expected the fields"), ("", "expected the fields"), ("id: [", "not YAML"),
    ])
  func `a malformed file is refused by field`(yaml: String, expected: String) {
    let text = reason(yaml)
    #expect(text?.contains(expected) == true, "\(text ?? "accepted")")
    #expect(text?.contains("x.yaml") == true)
  }

  @Test func `two files with one id are refused by name`() throws {
    _ = try folder.write("id: a\ntext: t\nnegative_text: n", to: "1.yaml")
    _ = try folder.write("id: a\ntext: t\nnegative_text: n", to: "2.yml")
    let error = #expect(throws: LabelingError.self) {
      try PrincipleFolder.load(directory: folder.path)
    }
    #expect(
      error?.description.contains("1.yaml") == true && error?.description.contains("2.yml") == true
    )
  }

  @Test func `a missing or empty folder is refused`() {
    #expect(throws: LabelingError.self) { try PrincipleFolder.load(directory: folder.path) }
    #expect(throws: LabelingError.self) { try PrincipleFolder.load(directory: folder.file("none")) }
  }
}

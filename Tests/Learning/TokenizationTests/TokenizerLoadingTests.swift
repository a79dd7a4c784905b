import Foundation
import Testing
import Tokenization

@Suite struct TokenizerLoadingTests {
  /// Copies tiny-chat, changes its `tokenizer.json` as text, and loads it.
  private func load(replacing old: String, with new: String) throws -> Tokenizer {
    let folder = try copy()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "tokenizer.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    try #require(text.contains(old))
    try text.replacingOccurrences(of: old, with: new).write(
      to: file,
      atomically: false,
      encoding: .utf8
    )
    return try Tokenizer.load(from: folder.path)
  }

  private func copy() throws -> URL {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "morlaif-\(UUID().uuidString)")
    try FileManager.default.copyItem(
      at: TokenGoldens.folder.appending(path: "tiny-chat"),
      to: folder
    )
    return folder
  }

  @Test(arguments: [
    (#""type": "BPE""#, #""type": "Unigram""#, "Unigram"),
    (#""byte_fallback": false"#, #""byte_fallback": true"#, "byte_fallback"),
    (#""dropout": null"#, #""dropout": 0.1"#, "dropout"),
    (#""normalizer": null"#, #""normalizer": {"type": "Lowercase"}"#, "Lowercase"),
    (
      #""normalizer": null"#,
      #""normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}"#,
      "marks spaces"
    ),
    (#""individual_digits": true"#, #""individual_digits": false"#, "Digits"),
    (#""lstrip": false"#, #""lstrip": true"#, "lstrip"),
    (#""<|im_end|>""#, #""<|im_start|>""#, "are the same"),
    (#""!": "#, #""!": -"#, "no sensible id"),
    (#""!": "#, #""!": 9999"#, "no sensible id"),
    (#""merges": ["#, #""merges": ["\u0120 zzz", "#, "outside the vocabulary"),
    (#""merges": ["#, #""merges": [["a"], "#, "no pair"),
    (#""merges": ["#, #""merges": ["a b c", "#, "a space between"),
    (#""merges": ["#, #""merges": [5, "#, "no pair"),
    (#""vocab": {"#, #""vocab": {"broken"#, "damaged"),
  ])
  func `a tokenizer that would not be reproduced exactly is refused with its fault`(
    _ old: String,
    _ new: String,
    _ fault: String
  ) throws {
    let error = #expect(throws: TokenizationError.self) { try load(replacing: old, with: new) }
    let text = error?.description ?? ""
    #expect(text.contains(fault), "\(text)")
    #expect(text.contains("tokenizer.json"))
  }

  @Test func `a file cut anywhere is refused`() throws {
    let folder = try copy()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "tokenizer.json").path
    let size = try #require(FileManager.default.contents(atPath: path)).count
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    for count in stride(from: size - 2, through: 0, by: -37) {
      try file.truncate(atOffset: UInt64(count))
      #expect(throws: TokenizationError.self, "cut at \(count)") {
        try Tokenizer.load(from: folder.path)
      }
    }
  }

  @Test func `a missing model is refused by path`() {
    let error = #expect(throws: TokenizationError.self) { try Tokenizer.load(from: "/nowhere/m") }
    #expect(error?.description.contains("/nowhere/m") == true)
  }

  @Test(
    .enabled(
      if: TokenGoldens.smollm2 != nil,
      "set MORLAIF_TEST_MODEL to the SmolLM2 GGUF to write its tokenizer as a folder"
    )
  )
  func `a tokenizer written from GGUF is the same tokenizer`() throws {
    let path = try #require(TokenGoldens.smollm2)
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "morlaif-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try TokenizerFolder.write(tokenizerOf: path, to: folder.path)
    let tokenizer = try Tokenizer.load(from: folder.path)
    let goldens = try TokenGoldens.load("smollm2")
    for golden in goldens.texts { #expect(tokenizer.encode(golden.text) == golden.ids) }
    #expect(tokenizer.eosTokenIDs == [2])
    #expect(try tokenizer.chatTemplate().family != .chatML(defaultSystemMessage: nil))
  }

  @Test func `a folder's tokenizer is copied whole`() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "morlaif-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = TokenGoldens.folder.appending(path: "tiny-chat").path
    try TokenizerFolder.write(tokenizerOf: source, to: folder.path)
    let tokenizer = try Tokenizer.load(from: folder.path)
    #expect(tokenizer.vocabularySize == 442)
    #expect(try tokenizer.prompt(for: [.user("Hi")]).first == 1)
  }
}

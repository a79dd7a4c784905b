import Foundation
import LanguageModels
import ModelFiles
import Tensors
import Testing

/// Every family against `transformers` and `peft`, on tiny random models (`make_families.py`).
@Suite struct FamilyGoldenTests {
  /// The folders of `Tests/Vectors/models`, `tiny-` in front.
  static let families = ["llama3", "llama-bias", "mistral", "qwen2", "qwen3", "gpt2", "gemma3"]

  @Test(arguments: families, [false, true])
  func `log-probabilities are those of transformers`(family: String, adapted: Bool) throws {
    let golden = try FamilyGolden(family)
    let part = adapted ? golden.adapted : golden.plain
    let adapter = adapted ? try golden.adapter() : nil
    for sequence in part.sequences {
      let batch = PackedBatch([sequence.ids])
      try batch.check(for: golden.model.configuration)
      let (rows, targets) = batch.predictingRows(starts: [1])
      let hidden = golden.model.hiddenStates(batch, adapter: adapter, rows: rows)
      let found = golden.model.logProbabilities(hidden, targets: targets).values
      #expect(found.count == sequence.logprobs.count)
      for (left, right) in zip(found, sequence.logprobs) {
        #expect(abs(Double(left) - right) < 1e-4)
      }
    }
  }

  @Test(arguments: ["llama3", "qwen3", "gpt2"])
  func `a GGUF file is the same model`(family: String) throws {
    let golden = try FamilyGolden(family)
    let model = try LanguageModel.load(path: golden.folder + "/model.gguf")
    for sequence in golden.plain.sequences {
      let batch = PackedBatch([sequence.ids])
      let (rows, targets) = batch.predictingRows(starts: [1])
      let hidden = model.hiddenStates(batch, rows: rows)
      for (left, right) in zip(
        model.logProbabilities(hidden, targets: targets).values,
        sequence.logprobs
      ) {
        #expect(abs(Double(left) - right) < 1e-4)
      }
    }
  }

  @Test(arguments: families)
  func `logits are those of transformers`(family: String) throws {
    let golden = try FamilyGolden(family)
    let ids = try #require(golden.plain.sequences.last).ids
    let hidden = golden.model.hiddenStates(PackedBatch([ids]))
    for (row, expected) in golden.logits.enumerated() {
      for (left, right) in zip(golden.model.logits(hidden, row: row), expected) {
        #expect(abs(Double(left) - right) < 1e-4)
      }
    }
  }

  @Test(arguments: families, [false, true])
  func `weight gradients are those of transformers`(family: String, shared: Bool) throws {
    let golden = try FamilyGolden(family)
    let found = golden.gradients(adapter: nil, sharesPrefixes: shared).weights
    #expect(Set(found.names) == Set(golden.plain.gradients.keys))
    try golden.compare(found, golden.plain.gradients)
  }

  @Test(arguments: families, [false, true])
  func `adapter gradients are those of peft`(family: String, shared: Bool) throws {
    let golden = try FamilyGolden(family)
    let adapter = try golden.adapter()
    let found = golden.gradients(adapter: adapter, sharesPrefixes: shared).adapter
    #expect(Set(found.names) == Set(golden.adapted.gradients.keys))
    try golden.compare(found, golden.adapted.gradients)
  }

  @Test(arguments: families)
  func `generation with a cache is generation without`(family: String) throws {
    let golden = try FamilyGolden(family)
    let answers = try Generator(golden.model).generate(
      prompts: [golden.greedy.prompt],
      options: SamplingOptions(temperature: 0, maxNewTokens: golden.greedy.tokens.count),
      seed: 1
    )
    #expect(answers[0].tokens == golden.greedy.tokens)
    let adapter = try golden.adapter()
    let sampled = try Generator(golden.model, adapter: adapter).generate(
      prompts: [golden.greedy.prompt, [4, 5]],
      samplesPerPrompt: 2,
      options: SamplingOptions(maxNewTokens: 40),
      seed: 8
    )
    for answer in sampled {
      let prompt = [golden.greedy.prompt, [4, 5]][answer.promptIndex]
      let batch = PackedBatch([prompt + answer.tokens])
      let (rows, targets) = batch.predictingRows(starts: [prompt.count])
      let hidden = golden.model.hiddenStates(batch, adapter: adapter, rows: rows)
      let expected = golden.model.logProbabilities(hidden, targets: targets).values
      for (left, right) in zip(answer.logProbabilities, expected) {
        #expect(abs(left - right) < 1e-4)
      }
    }
  }

  @Test(arguments: families)
  func `a written folder of merged weights is the adapted model`(family: String) throws {
    let golden = try FamilyGolden(family)
    let adapter = try golden.adapter()
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "family-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let merged = golden.model.weights(merging: adapter)
    let metadata = try StoredModel.open(golden.folder).metadata
    try ModelFolder.write(to: folder, metadata: metadata) { name throws(ModelFileError) in
      merged[name]?.values ?? []
    }
    #expect(try StoredModel.open(folder).metadata == metadata)
    let model = try LanguageModel.load(path: folder)
    for sequence in golden.adapted.sequences {
      let batch = PackedBatch([sequence.ids])
      let (rows, targets) = batch.predictingRows(starts: [1])
      let hidden = model.hiddenStates(batch, rows: rows)
      for (left, right) in zip(
        model.logProbabilities(hidden, targets: targets).values,
        sequence.logprobs
      ) {
        #expect(abs(Double(left) - right) < 2e-4)
      }
    }
  }
}

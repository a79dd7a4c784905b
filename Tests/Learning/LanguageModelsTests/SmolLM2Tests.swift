import Foundation
import LanguageModels
import Testing

/// Agreement with Hugging Face on the real model; skipped unless `MORLAIF_TEST_MODEL` names the
/// SmolLM2-135M-Instruct GGUF file.
@Suite(
  .enabled(
    if: ProcessInfo.processInfo.environment["MORLAIF_TEST_MODEL"] != nil,
    "set MORLAIF_TEST_MODEL to the SmolLM2 GGUF file to run these"
  )
)
struct SmolLM2Tests {
  private static let model = Result {
    try LanguageModel.load(path: ProcessInfo.processInfo.environment["MORLAIF_TEST_MODEL"] ?? "")
  }

  @Test func `log-probabilities agree with Hugging Face within a thousandth of a nat`() throws {
    let model = try Self.model.get()
    let batch = PackedBatch([SmolLM2Golden.proseTokens, SmolLM2Golden.chatTokens])
    let (rows, targets) = batch.predictingRows(starts: [1, 1])
    let hidden = model.hiddenStates(batch, rows: rows)
    let found = model.logProbabilities(hidden, targets: targets).values
    let expected = SmolLM2Golden.proseLogProbabilities + SmolLM2Golden.chatLogProbabilities
    #expect(found.count == expected.count)
    for (left, right) in zip(found, expected) { #expect(abs(Double(left) - right) < 1e-3) }
  }

  @Test func `greedy decoding walks the path of a forward pass`() throws {
    let model = try Self.model.get()
    let prompt = Array(SmolLM2Golden.chatTokens.prefix(14))
    let answers = try Generator(model).generate(
      prompts: [prompt, Array(SmolLM2Golden.proseTokens.prefix(9))],
      options: SamplingOptions(temperature: 0, maxNewTokens: 24),
      seed: 1
    )
    let batch = PackedBatch([prompt + answers[0].tokens])
    let (rows, targets) = batch.predictingRows(starts: [prompt.count])
    let values = model.logProbabilities(
      model.hiddenStates(batch, rows: rows),
      targets: targets
    ).values
    for (left, right) in zip(answers[0].logProbabilities, values) {
      #expect(abs(left - right) < 1e-3)
    }
  }
}

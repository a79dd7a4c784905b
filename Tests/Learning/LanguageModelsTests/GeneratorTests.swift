import LanguageModels
import Tensors
import Testing

@Suite struct GeneratorTests {
  private static let prompts: [[Int32]] = [
    [1, 2, 3], [4], Array(5..<25), [7, 7, 7, 7, 7, 7], [9, 8], [30, 31, 32, 33], [49],
  ]

  @Test(arguments: sampleConfigurations)
  func `greedy answers are the most likely continuations`(
    configuration: ModelConfiguration
  ) throws {
    let model = LanguageModel(configuration: configuration, seed: 12)
    let adapter = sampleAdapter(model)
    let twin = ReferenceModel(model, adapter: adapter)
    let answers = try Generator(model, adapter: adapter, batchMax: 3).generate(
      prompts: Self.prompts,
      options: SamplingOptions(temperature: 0, maxNewTokens: 40),
      seed: 1
    )
    #expect(answers.map(\.promptIndex) == Array(0..<7))
    for answer in answers where answer.promptIndex < 3 {
      #expect(answer.tokens.count == 40)
      let sequence = Self.prompts[answer.promptIndex] + answer.tokens
      let hidden = twin.finish(twin.layers(0..<3, twin.embed(sequence)))
      for (index, token) in answer.tokens.enumerated() {
        let logits = twin.logits(hidden[Self.prompts[answer.promptIndex].count - 1 + index])
        #expect(logits[Int(token)] > (logits.max() ?? 0) - 1e-4)
      }
    }
  }

  @Test func `recorded log-probabilities are those of a forward pass`() throws {
    let model = LanguageModel(configuration: .tiny, seed: 12)
    let adapter = sampleAdapter(model)
    let answers = try Generator(model, adapter: adapter).generate(
      prompts: Self.prompts,
      samplesPerPrompt: 2,
      options: SamplingOptions(temperature: 0.8, maxNewTokens: 30),
      seed: 4
    )
    let batch = PackedBatch(answers.map { Self.prompts[$0.promptIndex] + $0.tokens })
    let (rows, targets) = batch.predictingRows(
      starts: answers.map { Self.prompts[$0.promptIndex].count }
    )
    let hidden = model.hiddenStates(batch, adapter: adapter, rows: rows)
    let expected = model.logProbabilities(hidden, targets: targets, temperature: 0.8).values
    let found = answers.flatMap(\.logProbabilities)
    #expect(found.count == expected.count)
    for (left, right) in zip(found, expected) { #expect(abs(left - right) < 1e-4) }
  }

  @Test func `an answer does not depend on the answers drawn beside it`() throws {
    let model = LanguageModel(configuration: .tiny, seed: 12)
    let options = SamplingOptions(maxNewTokens: 50, stopTokenIDs: [3, 14])
    let draw = { (batchMax: Int) throws(LanguageModelError) in
      try Generator(model, batchMax: batchMax).generate(
        prompts: Self.prompts,
        samplesPerPrompt: 3,
        options: options,
        seed: 77
      )
    }
    let wide = try draw(64)
    #expect(wide.count == 21)
    #expect(try draw(64) == wide)
    #expect(try draw(1).map(\.tokens) == wide.map(\.tokens))
    #expect(try draw(5).map(\.tokens) == wide.map(\.tokens))
    #expect(Set(wide.prefix(3).map(\.tokens)).count > 1)
  }

  @Test func `answers end at a stop token, a stop check or the greatest length`() throws {
    let model = LanguageModel(configuration: .tiny, seed: 12)
    let generator = Generator(model)
    let free = try generator.generate(
      prompts: [[1, 2]],
      options: SamplingOptions(maxNewTokens: 20),
      seed: 3
    )
    #expect(free[0].finishReason == .length && free[0].tokens.count == 20)
    let stop = free[0].tokens[7]
    let first = try #require(free[0].tokens.firstIndex(of: stop))
    let stopped = try generator.generate(
      prompts: [[1, 2]],
      options: SamplingOptions(maxNewTokens: 20, stopTokenIDs: [stop]),
      seed: 3
    )
    #expect(stopped[0].finishReason == .stopToken)
    #expect(stopped[0].tokens == Array(free[0].tokens[...first]))
    let checked = try generator.generate(
      prompts: [[1, 2]],
      options: SamplingOptions(maxNewTokens: 20),
      seed: 3,
      isStopped: { $0.count == 5 }
    )
    #expect(checked[0].finishReason == .stopText)
    #expect(checked[0].tokens == Array(free[0].tokens[..<5]))
  }

  @Test func `the model's context ends an answer`() throws {
    let model = LanguageModel(configuration: .tiny, seed: 12)
    let answers = try Generator(model).generate(
      prompts: [Array(repeating: 5, count: 120)],
      options: SamplingOptions(maxNewTokens: 100),
      seed: 3
    )
    #expect(answers[0].tokens.count == 8 && answers[0].finishReason == .length)
    #expect(throws: LanguageModelError.self) {
      try Generator(model).generate(
        prompts: [Array(repeating: 5, count: 128)],
        options: SamplingOptions(),
        seed: 3
      )
    }
  }

  @Test func `progress is told and a cancelled generation throws`() throws {
    let model = LanguageModel(configuration: .tiny, seed: 12)
    var seen: [GenerationProgress] = []
    _ = try Generator(model, batchMax: 2).generate(
      prompts: Self.prompts,
      options: SamplingOptions(maxNewTokens: 4),
      seed: 3,
      progress: { seen.append($0) }
    )
    #expect(seen.last == GenerationProgress(finished: 7, total: 7, tokenCount: 28))
    var steps = 0
    #expect(throws: LanguageModelError.cancelled) {
      try Generator(model).generate(
        prompts: Self.prompts,
        options: SamplingOptions(maxNewTokens: 4),
        seed: 3,
        isCancelled: {
          steps += 1
          return steps > 2
        }
      )
    }
  }
}

import Foundation
import LanguageModels
import Tensors
import Testing

/// What bfloat16 weights change, and what they must not.
@Suite struct PrecisionTests {
  private static func logProbabilities(_ model: LanguageModel, _ batch: PackedBatch) -> [Float] {
    let (rows, targets) = batch.predictingRows(starts: batch.groups.map { _ in 1 })
    let hidden = model.hiddenStates(batch, rows: rows)
    return model.logProbabilities(hidden, targets: targets).values
  }

  private static func mean(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) } / Double(max(values.count, 1))
  }

  @Test(arguments: sampleConfigurations)
  func `bfloat16 weights change log-probabilities by little`(configuration: ModelConfiguration) {
    let exact = LanguageModel(configuration: configuration, seed: 3)
    let rounded = LanguageModel(
      configuration: configuration,
      seed: 3,
      format: WeightFormat(.bfloat16)
    )
    let (left, right) = (
      Self.logProbabilities(exact, sampleBatch), Self.logProbabilities(rounded, sampleBatch)
    )
    #expect(left != right)
    // Random weights are the worst case: nothing in them is robust to rounding.
    for (l, r) in zip(left, right) { #expect(abs(l - r) < 0.25) }
    #expect(abs(Self.mean(left) - Self.mean(right)) < 0.02)
  }

  @Test func `bfloat16 hidden states have the same bits at every level`() {
    let states = KernelLevel.available.map { level in
      LanguageModel(
        configuration: .tiny,
        seed: 3,
        format: WeightFormat(.bfloat16, level: level)
      ).hiddenStates(sampleBatch)
    }
    for other in states.dropFirst() { #expect(other == states[0]) }
  }

  @Test(arguments: KernelLevel.available)
  func `float32 hidden states agree at every level`(_ level: KernelLevel) {
    let format = WeightFormat(.float32, level: level)
    let found = LanguageModel(configuration: .tiny, seed: 3, format: format)
      .hiddenStates(sampleBatch)
    let expected = LanguageModel(configuration: .tiny, seed: 3).hiddenStates(sampleBatch)
    for (l, r) in zip(found.values, expected.values) { #expect(abs(l - r) < 1e-4) }
  }

  @Test func `an adapter's gradient through bfloat16 weights points where it does in float32`() {
    let gradients = Precision.allCases.map { precision in
      let model = LanguageModel(
        configuration: .tiny,
        seed: 3,
        format: WeightFormat(precision)
      )
      let pass = model.top(
        model.trunk(sampleBatch, layers: 1),
        sampleBatch,
        from: 1,
        adapter: sampleAdapter(model),
        record: true
      )
      let ones = Matrix(
        rows: pass.hidden.rows,
        columns: pass.hidden.columns,
        values: (0..<pass.hidden.count).map { $0 % 3 == 0 ? 1 : -0.5 }
      )
      return model.topBackward(pass, gradient: ones).adapter
    }
    var difference = gradients[1]
    difference.add(gradients[0], scale: -1)
    #expect(difference.norm < 0.05 * gradients[0].norm)
  }

  @Test func `a step smaller than the last bit of a bfloat16 weight is not lost`() throws {
    let model = LanguageModel(
      configuration: .tiny,
      seed: 3,
      format: WeightFormat(.bfloat16)
    )
    var adapter = sampleAdapter(model, topLayers: nil, targets: [.down])
    for index in stride(from: 1, to: adapter.parameters.count, by: 2) {
      adapter.parameters.scale(index, by: 2e-3)
    }
    let answers = [nil, adapter].map { adapter in
      try? Generator(model, adapter: adapter).generate(
        prompts: [[1, 2, 3]],
        options: SamplingOptions(temperature: 0, maxNewTokens: 1),
        seed: 1
      )
    }
    #expect(answers[0]?[0].logProbabilities != answers[1]?[0].logProbabilities)
  }

  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["MORLAIF_TEST_MODEL"] != nil,
      "set MORLAIF_TEST_MODEL to the SmolLM2 GGUF file to run this"
    )
  )
  func `bfloat16 costs the real model less than a hundredth of a nat a token`() throws {
    let path = ProcessInfo.processInfo.environment["MORLAIF_TEST_MODEL"] ?? ""
    let batch = PackedBatch([SmolLM2Golden.proseTokens, SmolLM2Golden.chatTokens])
    let means = try Precision.allCases.map { precision in
      Self.mean(
        Self.logProbabilities(
          try LanguageModel.load(path: path, format: WeightFormat(precision)),
          batch
        )
      )
    }
    #expect(abs(means[0] - means[1]) < 0.01)
  }
}

extension ParameterSet {
  /// Multiplies one matrix by `factor`.
  fileprivate mutating func scale(_ index: Int, by factor: Float) {
    var matrix = matrices[index]
    matrix.scale(by: factor)
    set(names[index], matrix)
  }
}

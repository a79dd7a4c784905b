import Foundation
import LanguageModels
import ModelFiles
import Tensors
import Testing

/// Training of every weight: gradients against central differences, steps against PyTorch.
@Suite struct FullFineTuningTests {
  private static let sequences: [[Int32]] = [[3, 17, 42, 8, 9], [7, 3], [1, 2, 3, 4, 2, 6]]

  /// The mean negative log-probability of every token after its sequence's first.
  private static func accumulate(_ tuning: inout FullFineTuning, _ sequences: [[Int32]]) {
    let starts = sequences.map { _ in 1 }
    let batch = PackedBatch(sequences)
    let (rows, targets) = batch.predictingRows(starts: starts)
    let slope = -1 / Float(rows.count)
    tuning.accumulate(batch, rows: rows) { model, hidden, gradients in
      model.logProbabilityGradient(hidden, targets: targets, addingWeightsTo: &gradients) {
        rows,
        _,
        _ in
        LogProbabilityGradient(logProbabilities: rows.map { _ in slope })
      }.gradient
    }
  }

  /// The same loss, by the naive twin.
  private static func loss(_ twin: ReferenceModel) -> Double {
    var (sum, count) = (0.0, 0.0)
    for tokens in sequences {
      let stream = twin.layers(0..<twin.configuration.layerCount, twin.embed(tokens))
      let hidden = twin.finish(stream)
      for row in 0..<tokens.count - 1 {
        let logits = twin.logits(hidden[row])
        let largest = logits.max() ?? 0
        let logSum = largest + log(logits.reduce(0) { $0 + exp($1 - largest) })
        sum -= logits[Int(tokens[row + 1])] - logSum
        count += 1
      }
    }
    return sum / count
  }

  @Test(arguments: sampleConfigurations)
  func `every weight's gradient is the central difference`(configuration: ModelConfiguration) {
    let model = LanguageModel(configuration: configuration, seed: 21)
    var tuning = FullFineTuning(model, optimiser: AdamW.Configuration())
    Self.accumulate(&tuning, Self.sequences)
    let gradients = model.checkpoint(of: tuning.gradients, areGradients: true)
    let twin = ReferenceModel(model)
    #expect(Set(gradients.names) == Set(twin.weights.keys))
    let width = configuration.width
    for (name, gradient) in zip(gradients.names, gradients.matrices) {
      let scale = Double(gradient.values.map(abs).max() ?? 0)
      // Embeddings by rows: of tokens that occur once, twice and never.
      let places =
        gradient.rows == configuration.vocabularySize
        ? [3 * width, 2 * width + 5, 42 * width + 1, 49 * width]
        : [0, gradient.count / 2, gradient.count - 1]
      for place in places {
        var (up, down) = (twin, twin)
        up.weights[name]?[place] += 1e-5
        down.weights[name]?[place] -= 1e-5
        let slope = (Self.loss(up) - Self.loss(down)) / 2e-5
        let distance = abs(Double(gradient.values[place]) - slope)
        #expect(distance < 2e-4 * max(scale, 0.05), "\(name), place \(place)")
      }
    }
  }

  @Test(arguments: FamilyGoldenTests.families)
  func `three steps are those of PyTorch, and stay when written and read`(family: String) throws {
    let golden = try FamilyGolden(family)
    let constants = AdamW.Configuration(beta1: 0.9, beta2: 0.95, epsilon: 1e-5, weightDecay: 0.1)
    var tuning = FullFineTuning(golden.model, optimiser: constants)
    for norm in golden.trained.norms {
      tuning.clearGradients()
      Self.accumulate(&tuning, golden.trained.sequences.map(\.ids))
      let found = tuning.update(learningRate: 0.01, normMax: 1)
      #expect(abs(found - norm) < 1e-3 * norm)
    }
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "trained-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let weights = tuning.model.weights()
    let metadata = try StoredModel.open(golden.folder).metadata
    try ModelFolder.write(to: folder, metadata: metadata) { name throws(ModelFileError) in
      weights[name]?.values ?? []
    }
    let read = try LanguageModel.load(path: folder)
    for sequence in golden.trained.sequences {
      let batch = PackedBatch([sequence.ids])
      let (rows, targets) = batch.predictingRows(starts: [1])
      for model in [tuning.model, read] {
        let hidden = model.hiddenStates(batch, rows: rows)
        let found = model.logProbabilities(hidden, targets: targets).values
        for (left, right) in zip(found, sequence.logprobs) {
          #expect(abs(Double(left) - right) < 1e-3)
        }
      }
    }
  }

  @Test func `the base model keeps its weights, and gradients of parts add up`() {
    let base = LanguageModel(configuration: .tiny, seed: 4)
    let before = base.weights()
    var tuning = FullFineTuning(base, optimiser: AdamW.Configuration())
    Self.accumulate(&tuning, [Self.sequences[0]])
    let once = tuning.gradients
    Self.accumulate(&tuning, [Self.sequences[0]])
    for (sum, part) in zip(tuning.gradients.matrices, once.matrices) {
      #expect(relativeDistance(sum.values, part.values.map { 2 * Double($0) }) < 1e-5)
    }
    let first = tuning.model
    _ = tuning.update(learningRate: 0.01)
    #expect(base.weights() == before)
    #expect(first.weights() == before, "a model that was handed out does not change either")
    #expect(tuning.model.weights() != before)
    tuning.clearGradients()
    #expect(tuning.gradients.norm == 0)
  }

  @Test func `gradients that are not finite move nothing`() {
    var tuning = FullFineTuning(
      LanguageModel(configuration: .tiny, seed: 4),
      optimiser: AdamW.Configuration()
    )
    let before = tuning.model.weights()
    tuning.accumulate(PackedBatch([[1, 2]])) { _, hidden, _ in
      Matrix(rows: 2, columns: hidden.columns, values: hidden.values.map { _ in .nan })
    }
    #expect(tuning.update(learningRate: 1).isNaN)
    #expect(tuning.model.weights() == before)
  }

  @Test func `only maps and heads of their own decay`() {
    let model = LanguageModel(configuration: .tiny, seed: 4)
    #expect(model.decayingParameters.contains("layers.0.down"))
    #expect(model.decayingParameters.isDisjoint(with: ["embedding", "finalNorm"]))
    #expect(!model.decayingParameters.contains("layers.0.inputNorm"))
  }
}

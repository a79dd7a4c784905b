import Foundation
import LanguageModels
import ModelFiles
import Tensors
import Testing

/// A tiny model of a family and what `transformers` and `peft` compute with it.
struct FamilyGolden {
  /// Some numbers of a gradient.
  struct Gradient: Decodable {
    var shape: [Int]
    var largest: Double
    var places: [Int]
    var values: [Double]
  }

  struct Sequence: Decodable {
    var ids: [Int32]
    var logprobs: [Double]
  }

  /// What one model gives, with or without its adapter.
  struct Part: Decodable {
    var sequences: [Sequence]
    var gradients: [String: Gradient]
  }

  struct Greedy: Decodable {
    var prompt: [Int32]
    var tokens: [Int32]
  }

  /// What some steps of full fine-tuning make of the model.
  struct Trained: Decodable {
    var norms: [Double]
    var sequences: [Sequence]
  }

  private struct Document: Decodable {
    var plain: Part
    var adapted: Part
    var trained: Trained
    var logits: [[Double]]
    var greedy: Greedy
  }

  let folder: String
  let model: LanguageModel
  let plain: Part
  let adapted: Part
  let trained: Trained
  let logits: [[Double]]
  let greedy: Greedy

  /// The folder of a family's tiny model.
  static func folder(_ family: String) -> String {
    URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Vectors/models/tiny-\(family)").path
  }

  init(_ family: String) throws {
    folder = Self.folder(family)
    model = try LanguageModel.load(path: folder)
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/golden.json"))
    let document = try JSONDecoder().decode(Document.self, from: data)
    plain = document.plain
    adapted = document.adapted
    trained = document.trained
    logits = document.logits
    greedy = document.greedy
  }

  /// The adapter that `peft` saved.
  func adapter() throws -> LowRankAdapter {
    let stored = try StoredAdapter.read(from: folder + "/adapter")
    var parameters = ParameterSet()
    for tensor in stored.tensors {
      let matrix = Matrix(rows: tensor.shape[0], columns: tensor.shape[1], values: tensor.values)
      parameters.set(tensor.name, matrix)
    }
    let configuration = AdapterConfiguration(
      rank: stored.description.rank,
      alpha: stored.description.alpha,
      topLayers: nil,
      targets: LowRankAdapter.targets(named: parameters.names, model.configuration)
    )
    return try LowRankAdapter(configuration, model: model.configuration, parameters: parameters)
  }

  /// The gradients of the sum of all log-probabilities of all sequences: the adapter's and, under
  /// Hugging Face names, the model's own.
  func gradients(
    adapter: LowRankAdapter?,
    sharesPrefixes: Bool
  ) -> (adapter: ParameterSet, weights: ParameterSet) {
    let part = adapter == nil ? plain : adapted
    let sequences = part.sequences.map(\.ids)
    let starts = Array(repeating: 1, count: sequences.count)
    let batch =
      sharesPrefixes
      ? PackedBatch(sharingPrefixesOf: sequences, starts: starts) : PackedBatch(sequences)
    let (rows, targets) = batch.predictingRows(starts: starts)
    let hidden = model.trunk(batch, layers: 0)
    let pass = model.top(hidden, batch, from: 0, adapter: adapter, rows: rows, record: true)
    var weights = model.parameters.zeros()
    let loss = model.logProbabilityGradient(
      pass.hidden,
      targets: targets,
      addingWeightsTo: &weights
    ) { _, values, _ in LogProbabilityGradient(logProbabilities: values.map { _ in 1 }) }
    let gradients = model.topBackward(pass, gradient: loss.gradient, addingWeightsTo: &weights)
    return (gradients.adapter, model.checkpoint(of: weights, areGradients: true))
  }

  /// Expects every number within a thousandth of its tensor's largest.
  func compare(_ found: ParameterSet, _ expected: [String: Gradient]) throws {
    for (name, golden) in expected {
      let matrix = try #require(found[name], "\(name) has no gradient")
      #expect(matrix.count == golden.shape.reduce(1, *), "\(name)")
      let largest = Double(matrix.values.map(abs).max() ?? 0)
      #expect(abs(largest - golden.largest) < 1e-3 * golden.largest, "\(name)")
      for (place, value) in zip(golden.places, golden.values) {
        let distance = abs(Double(matrix.values[place]) - value)
        #expect(distance < 1e-3 * golden.largest, "\(name), place \(place)")
      }
    }
  }
}

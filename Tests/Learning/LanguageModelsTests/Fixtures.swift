import LanguageModels
import ModelFiles
import Tensors

/// Sequences of different lengths, one of them a single token, one longer than an attention block.
let sampleBatch = PackedBatch([
  [3, 17, 42, 8, 9], [7], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  (0..<70).map { Int32($0 * 7 % 50) },
])

/// A configuration for each trait that a family has beyond the first Llama.
let sampleConfigurations: [ModelConfiguration] = {
  func make(
    _ family: ModelFamily,
    ties: Bool = true,
    _ change: (inout ModelConfiguration) -> Void
  ) -> ModelConfiguration {
    var configuration = ModelConfiguration.tiny
    configuration.family = family
    configuration.tiesEmbeddings = ties
    change(&configuration)
    return configuration
  }
  return [
    .tiny,
    make(.llama, ties: false) {
      $0.traits.hasAttentionBias = true
      $0.traits.hasOutputBias = true
      $0.traits.hasFeedForwardBias = true
      $0.traits.rotaryScaling = .linear(factor: 3)
    },
    make(.mistral, ties: false) {
      $0.ropeTheta = 50
      $0.traits.slidingWindow = 3
      $0.traits.rotaryScaling = .llama3(
        factor: 8,
        lowFactor: 1,
        highFactor: 4,
        originalContext: 24
      )
    },
    make(.qwen2) {
      $0.traits.hasAttentionBias = true
      $0.traits.slidingWindow = 4
      $0.traits.windowedLayers = [false, true, false]
    },
    make(.qwen3) { $0.traits.normsQueriesAndKeys = true },
    make(.gpt2) {
      $0.keyValueHeadCount = 4
      $0.traits.norm = .layer
      $0.traits.feedForward = .gelu
      $0.traits.learnsPositions = true
      $0.traits.hasAttentionBias = true
      $0.traits.hasOutputBias = true
      $0.traits.hasFeedForwardBias = true
    },
    make(.gemma3) {
      $0.traits.feedForward = .gatedGelu
      $0.traits.normsQueriesAndKeys = true
      $0.traits.normsBranches = true
      $0.traits.embeddingScale = 4
      $0.traits.attentionScale = 0.3
      $0.traits.localRotaryBase = 30
      $0.traits.slidingWindow = 3
      $0.traits.windowedLayers = [true, false, true]
      $0.traits.rotaryScaling = .linear(factor: 2)
    },
  ]
}()

/// An adapter whose B is not zero, so that everything has a gradient.
func sampleAdapter(
  _ model: LanguageModel,
  topLayers: Int? = 2,
  targets: Set<Projection> = Set(Projection.allCases)
) -> LowRankAdapter {
  var adapter = LowRankAdapter(
    AdapterConfiguration(rank: 3, alpha: 6, topLayers: topLayers, targets: targets),
    model: model.configuration,
    seed: 5
  )
  var generator = SeededGenerator(seed: 11)
  for index in adapter.parameters.matrices.indices {
    let matrix = adapter.parameters.matrices[index]
    adapter.parameters.set(
      adapter.parameters.names[index],
      .normal(rows: matrix.rows, columns: matrix.columns, deviation: 0.2, using: &generator)
    )
  }
  return adapter
}

/// The largest distance between two lists of numbers, relative to the largest number.
func relativeDistance(_ left: [Float], _ right: [Double]) -> Double {
  let scale = max(right.map(abs).max() ?? 0, 1e-6)
  return zip(left, right).map { abs(Double($0) - $1) }.max().map { $0 / scale } ?? 0
}

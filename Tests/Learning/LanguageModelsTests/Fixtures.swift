import LanguageModels
import Tensors

/// Sequences of different lengths, one of them a single token, one longer than an attention block.
let sampleBatch = PackedBatch([
  [3, 17, 42, 8, 9], [7], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  (0..<70).map { Int32($0 * 7 % 50) },
])

/// The configurations whose differences matter: tied or not, with and without biases.
let sampleConfigurations: [ModelConfiguration] = {
  var untied = ModelConfiguration.tiny
  untied.tiesEmbeddings = false
  untied.hasAttentionBias = true
  return [.tiny, untied]
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

internal import Tensors

/// Where one backward pass adds up its gradients.
///
/// Shards that run at the same time have sinks of their own, which are summed in the order of the
/// shards: the sum is the same on every run.
final class GradientSink {
  /// The adapter's gradients in the order of its parameters.
  let adapter: [Tile]
  /// The layers' own weight gradients by layer index; empty unless they were asked for.
  let layers: [Int: LayerGradient]
  /// The final norm's gradient, where weights were asked for: (1, width).
  let finalNorm: Tile?

  /// Starts with gradients of zero.
  init(adapter: LowRankAdapter?, model: LanguageModel, layers range: Range<Int>, weights: Bool) {
    self.adapter = (adapter?.parameters.matrices ?? []).map {
      Tile(rows: $0.rows, columns: $0.columns, zeroed: true)
    }
    var layers: [Int: LayerGradient] = [:]
    if weights {
      for index in range { layers[index] = LayerGradient(zerosFor: model.layers[index]) }
    }
    self.layers = layers
    finalNorm = weights ? Tile(rows: 1, columns: model.configuration.width, zeroed: true) : nil
  }

  /// The gradients of one layer's own weights, shaped like `DecoderLayer`.
  struct LayerGradient {
    let inputNorm: Tile
    let queryKeyValue: Tile
    let queryKeyValueBias: Tile?
    let output: Tile
    let feedForwardNorm: Tile
    let gateUp: Tile
    let down: Tile

    /// Starts with gradients of zero.
    init(zerosFor layer: DecoderLayer) {
      let zeros = { (matrix: Matrix) -> Tile in
        Tile(rows: matrix.rows, columns: matrix.columns, zeroed: true)
      }
      inputNorm = zeros(layer.inputNorm)
      queryKeyValue = zeros(layer.queryKeyValue)
      queryKeyValueBias = layer.queryKeyValueBias.map(zeros)
      output = zeros(layer.output)
      feedForwardNorm = zeros(layer.feedForwardNorm)
      gateUp = zeros(layer.gateUp)
      down = zeros(layer.down)
    }

    /// The gradients as a layer.
    func asLayer(like layer: DecoderLayer) -> DecoderLayer {
      var result = layer
      result.inputNorm = Matrix(takingOwnership: inputNorm)
      result.queryKeyValue = Matrix(takingOwnership: queryKeyValue)
      result.queryKeyValueBias = queryKeyValueBias.map { Matrix(takingOwnership: $0) }
      result.output = Matrix(takingOwnership: output)
      result.feedForwardNorm = Matrix(takingOwnership: feedForwardNorm)
      result.gateUp = Matrix(takingOwnership: gateUp)
      result.down = Matrix(takingOwnership: down)
      return result
    }
  }
}

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
  /// The final norm's gradient, where weights were asked for.
  let finalNorm: NormWeights?

  /// Starts with gradients of zero.
  init(adapter: LowRankAdapter?, model: LanguageModel, layers range: Range<Int>, weights: Bool) {
    let zeros = { (matrix: Matrix) -> Tile in
      Tile(rows: matrix.rows, columns: matrix.columns, zeroed: true)
    }
    self.adapter = (adapter?.parameters.matrices ?? []).map(zeros)
    var layers: [Int: LayerGradient] = [:]
    if weights {
      for index in range { layers[index] = LayerGradient(zerosFor: model.layers[index]) }
    }
    self.layers = layers
    finalNorm =
      weights
      ? NormWeights(weight: zeros(model.finalNorm), bias: model.finalNormBias.map(zeros)) : nil
  }

  /// The gradients of one layer's own weights, shaped like `DecoderLayer`.
  struct LayerGradient {
    private let tiles: [Tile?]

    /// Starts with gradients of zero.
    init(zerosFor layer: DecoderLayer) {
      tiles = LayerSlot.allCases.map { slot in
        layer[slot].map { Tile(rows: $0.rows, columns: $0.columns, zeroed: true) }
      }
    }

    /// The gradient of a matrix; `nil` where the family has none.
    subscript(_ slot: LayerSlot) -> Tile? { tiles[slot.rawValue] }

    /// The gradient of a norm and its bias; `nil` where the family has none.
    func norm(_ slot: LayerSlot, bias: LayerSlot? = nil) -> NormWeights? {
      self[slot].map { NormWeights(weight: $0, bias: bias.flatMap { self[$0] }) }
    }

    /// The gradients as a layer.
    func asLayer() -> DecoderLayer {
      DecoderLayer(tiles.map { $0.map { Matrix(takingOwnership: $0) } })
    }
  }
}

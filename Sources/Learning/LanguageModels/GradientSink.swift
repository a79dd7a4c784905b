internal import Tensors

/// Where one backward pass adds up its gradients.
///
/// Shards that run at the same time have sinks of their own, which are summed in the order of the
/// shards: the sum is the same on every run.
final class GradientSink {
  /// The adapter's gradients in the order of its parameters.
  let adapter: [Tile]
  /// The gradients of the model's own weights, where they learn.
  let weights: WeightTiles?
  /// Those of the layers' weights, by layer.
  let layers: [Int: LayerTiles]

  /// Starts with an adapter's gradients of zero.
  ///
  /// - Parameters:
  ///   - adapter: what the pass was extended by.
  ///   - weights: what the gradients of the model's own weights are added to.
  ///   - range: the layers of the pass.
  init(adapter: LowRankAdapter?, weights: WeightTiles? = nil, layers range: Range<Int> = 0..<0) {
    self.adapter = (adapter?.parameters.matrices ?? []).map { matrix in
      Tile(rows: matrix.rows, columns: matrix.columns, zeroed: true)
    }
    self.weights = weights
    var layers: [Int: LayerTiles] = [:]
    if let weights {
      for index in range { layers[index] = weights.layer(index) }
    }
    self.layers = layers
  }
}

/// The gradients of a model's weights as the backward pass writes them.
struct WeightTiles {
  private let tiles: [String: Tile]

  /// Takes tiles under the names of `LanguageModel.parameters`.
  init(_ tiles: [String: Tile]) { self.tiles = tiles }

  /// The gradient of a weight; `nil` where the family has none.
  subscript(_ name: WeightName) -> Tile? { tiles[name.text] }

  /// The gradients of one layer.
  func layer(_ index: Int) -> LayerTiles {
    LayerTiles(tiles: LayerSlot.allCases.map { self[.layer(index, $0)] })
  }

  /// The gradient of the norm before the heads.
  var finalNorm: NormWeights? {
    self[.finalNorm].map { NormWeights(weight: $0, bias: self[.finalNormBias]) }
  }
}

/// The gradients of one layer's own weights, shaped like `DecoderLayer`.
struct LayerTiles {
  /// By slot.
  fileprivate let tiles: [Tile?]

  /// The gradient of a matrix; `nil` where the family has none.
  subscript(_ slot: LayerSlot) -> Tile? { tiles[slot.rawValue] }

  /// The gradient of a norm and its bias; `nil` where the family has none.
  func norm(_ slot: LayerSlot, bias: LayerSlot? = nil) -> NormWeights? {
    self[slot].map { NormWeights(weight: $0, bias: bias.flatMap { self[$0] }) }
  }
}

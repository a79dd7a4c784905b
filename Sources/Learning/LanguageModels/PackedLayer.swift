internal import Synchronization
internal import Tensors

/// A layer's weights once more, packed for the forward pass.
struct PackedLayer: Sendable {
  /// Queries: (queryWidth, width).
  let query: PackedWeights
  /// Keys, then values: (2 keyWidth, width).
  let keyValue: PackedWeights
  /// The attention's output: (width, queryWidth).
  let output: PackedWeights
  /// Gate, then up: (gateUpWidth, width).
  let gateUp: PackedWeights
  /// The feed-forward layer's output: (width, feedForwardWidth).
  let down: PackedWeights

  /// Packs a layer.
  init(_ layer: DecoderLayer, _ configuration: ModelConfiguration) {
    let joint = layer.tile(.queryKeyValue)
    query = PackedWeights(joint.rows(0..<configuration.queryWidth))
    keyValue = PackedWeights(joint.rows(configuration.queryWidth..<joint.rows))
    output = PackedWeights(layer.tile(.output))
    gateUp = PackedWeights(layer.tile(.gateUp))
    down = PackedWeights(layer.tile(.down))
  }

  /// Packs layers, each on whatever thread is free.
  static func pack(_ layers: [DecoderLayer], _ configuration: ModelConfiguration) -> [PackedLayer] {
    let packed = Mutex<[PackedLayer?]>(Array(repeating: nil, count: layers.count))
    Threads.forEach(layers.count) { index in
      let layer = PackedLayer(layers[index], configuration)
      packed.withLock { $0[index] = layer }
    }
    return packed.withLock { $0.compactMap { $0 } }
  }
}

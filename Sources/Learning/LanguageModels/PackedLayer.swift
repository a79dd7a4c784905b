internal import Synchronization
internal import Tensors

/// The fixed weights of one layer as the passes read them: maps packed, and the rest as it is.
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
  /// Norms and biases, in float32.
  let vectors: DecoderLayer

  /// Packs a layer.
  init(_ layer: DecoderLayer, _ configuration: ModelConfiguration, _ format: WeightFormat) {
    let pack = { (weights: Tile) in PackedWeights(weights, format) }
    let joint = layer.tile(.queryKeyValue)
    query = pack(joint.rows(0..<configuration.queryWidth))
    keyValue = pack(joint.rows(configuration.queryWidth..<joint.rows))
    output = pack(layer.tile(.output))
    gateUp = pack(layer.tile(.gateUp))
    down = pack(layer.tile(.down))
    var vectors = layer
    for slot in LayerSlot.allCases where slot.isMap { vectors[slot] = nil }
    self.vectors = vectors
  }

  /// Packs layers, each on whatever thread is free.
  static func packing(
    count: Int,
    _ configuration: ModelConfiguration,
    _ format: WeightFormat,
    _ layer: (Int) -> DecoderLayer
  ) -> [PackedLayer] {
    let packed = Mutex<[PackedLayer?]>(Array(repeating: nil, count: count))
    Threads.forEach(count) { index in
      let layer = PackedLayer(layer(index), configuration, format)
      packed.withLock { $0[index] = layer }
    }
    return packed.withLock { $0.compactMap { $0 } }
  }

  /// The packed maps that are stacked in a matrix; none for what is not a map.
  func maps(_ slot: LayerSlot) -> [PackedWeights] {
    switch slot {
    case .queryKeyValue: [query, keyValue]
    case .output: [output]
    case .gateUp: [gateUp]
    case .down: [down]
    default: []
    }
  }

  /// The layer as plain matrices, its maps rounded to their precision.
  func unpacked() -> DecoderLayer {
    var layer = vectors
    for slot in LayerSlot.allCases where slot.isMap {
      layer[slot] = .stacking(maps(slot).map { $0.unpacked() })
    }
    return layer
  }
}

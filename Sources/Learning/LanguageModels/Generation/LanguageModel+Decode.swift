internal import ModelFiles
internal import Tensors

/// Memory for decoding steps, allocated once for the greatest batch.
struct DecodeMemory {
  let x: Tile
  let normed: Tile
  let scales: Tile
  let query: Tile
  let keyValue: Tile
  let attended: Tile
  let gateUp: Tile
  let activated: Tile
  /// What a branch adds, before and after its norm; empty in families that do not norm it.
  let branch: Tile
  let branchNormed: Tile
  /// The scales of heads; empty in families that do not norm them.
  let headScales: Tile
  let hidden: Tile
  let logits: Tile

  /// Allocates for batches of up to `rows`.
  init(rows: Int, _ configuration: ModelConfiguration) {
    let tile = { (columns: Int) in Tile(rows: rows, columns: columns) }
    x = tile(configuration.width)
    normed = tile(configuration.width)
    scales = tile(1)
    query = tile(configuration.queryWidth)
    keyValue = tile(2 * configuration.keyWidth)
    attended = tile(configuration.queryWidth)
    gateUp = tile(configuration.gateUpWidth)
    activated = tile(configuration.feedForwardWidth)
    let traits = configuration.traits
    branch = tile(traits.normsBranches ? configuration.width : 0)
    branchNormed = tile(branch.columns)
    headScales = Tile(rows: traits.normsQueriesAndKeys ? configuration.headCount : 0, columns: rows)
    hidden = tile(configuration.width)
    logits = tile(configuration.vocabularySize)
  }
}

extension LanguageModel {
  /// Feeds each sequence's last token and computes the hidden states after it.
  ///
  /// - Parameters:
  ///   - live: sequences whose last segment has the new position reserved.
  ///   - memory: for at least as many rows.
  /// - Returns: (sequences, width), final-normed, in `memory.hidden`.
  func decode(_ live: [LiveSequence], _ memory: DecodeMemory) -> Tile {
    let rows = 0..<live.count
    let x = memory.x.rows(rows)
    let positions = live.map { Int32(truncatingIfNeeded: $0.position) }
    embed(live.map { $0.tokens.last ?? 0 }, positions: positions, into: x)
    let segments = live.map(\.allSegments)
    for index in layers.indices {
      decodeLayer(index, x, positions, segments, memory)
    }
    let hidden = memory.hidden.rows(rows)
    let scales = memory.scales.rows(rows)
    norm.forward(x, finalNormWeights, into: hidden, scales: scales)
    return hidden
  }

  private func decodeLayer(
    _ index: Int,
    _ x: Tile,
    _ positions: [Int32],
    _ segments: [[KeyValueSegment]],
    _ memory: DecodeMemory
  ) {
    let rows = 0..<x.rows
    let packed = layers[index]
    let layer = packed.vectors
    let (qWidth, kWidth) = (configuration.queryWidth, configuration.keyWidth)
    let normed = memory.normed.rows(rows)
    let scales = memory.scales.rows(rows)
    let query = memory.query.rows(rows)
    let keyValue = memory.keyValue.rows(rows)
    let inputNorm = layer.norm(.inputNorm, bias: .inputNormBias)
    norm.forward(x, inputNorm, into: normed, scales: scales)
    packed.query.multiply(normed, into: query)
    packed.keyValue.multiply(normed, into: keyValue)
    if let bias = layer[.queryKeyValueBias]?.tile {
      addRow(bias.columns(0..<qWidth), to: query)
      addRow(bias.columns(qWidth..<qWidth + 2 * kWidth), to: keyValue)
    }
    let (keys, values) = (keyValue.columns(0..<kWidth), keyValue.columns(kWidth..<2 * kWidth))
    normHeads(layer, query: query, keys: keys, memory)
    if let rotary = rotaryTable(index) {
      rotary.rotate(query, positions: positions)
      rotary.rotate(keys, positions: positions)
    }
    let window = configuration.traits.window(ofLayer: index)
    let scale = configuration.attentionScale
    let attended = memory.attended.rows(rows)
    Threads.forEach(x.rows) { row in
      let own = row..<row + 1
      guard let last = segments[row].last else { return }
      let (key, value) = (keys.rows(own), values.rows(own))
      last.write(position: last.count - 1, layer: index, key: key, value: value)
      KeyValueSegment.attend(
        query: query.rows(own),
        segments: segments[row],
        layer: index,
        window: window,
        scale: scale,
        into: attended.rows(own)
      )
    }
    add(.attention, attended, layer, packed, to: x, memory)
    let feedForwardNorm = layer.norm(.feedForwardNorm, bias: .feedForwardNormBias)
    norm.forward(x, feedForwardNorm, into: normed, scales: scales)
    let gateUp = memory.gateUp.rows(rows)
    let activated = memory.activated.rows(rows)
    packed.gateUp.multiply(normed, into: gateUp)
    if let bias = layer[.gateUpBias]?.tile { addRow(bias, to: gateUp) }
    configuration.traits.feedForward.forward(gateUp, into: activated)
    add(.feedForward, activated, layer, packed, to: x, memory)
  }

  /// Norms the heads of queries and keys in place, in families that do.
  private func normHeads(_ layer: DecoderLayer, query: Tile, keys: Tile, _ memory: DecodeMemory) {
    for (x, slot) in [(query, LayerSlot.queryNorm), (keys, .keyNorm)] {
      guard let weight = layer[slot]?.tile else { continue }
      let heads = x.columns / weight.columns
      let scales = memory.headScales.rows(0..<heads).columns(0..<x.rows)
      headNormForward(x, weight: weight, epsilon: norm.epsilon, rstd: scales)
    }
  }

  /// Adds a branch's product to the residual stream, normed before in families that do.
  private func add(
    _ branch: LayerBranch,
    _ input: Tile,
    _ layer: DecoderLayer,
    _ packed: PackedLayer,
    to x: Tile,
    _ memory: DecodeMemory
  ) {
    let isNormed = layer[branch.norm] != nil
    let target = isNormed ? memory.branch.rows(0..<x.rows) : x
    let weights = branch == .attention ? packed.output : packed.down
    weights.multiply(input, into: target, accumulate: !isNormed)
    if let bias = layer[branch.bias]?.tile { addRow(bias, to: target) }
    guard isNormed else { return }
    let normed = memory.branchNormed.rows(0..<x.rows)
    let scales = memory.scales.rows(0..<x.rows)
    norm.forward(target, layer.norm(branch.norm), into: normed, scales: scales)
    x.add(normed)
  }
}

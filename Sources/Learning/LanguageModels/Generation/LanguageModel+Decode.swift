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
    gateUp = tile(2 * configuration.feedForwardWidth)
    activated = tile(configuration.feedForwardWidth)
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
    x.gather(live.map { Int($0.tokens.last ?? 0) }, from: embedding.tile)
    let positions = live.map { Int32(truncatingIfNeeded: $0.position) }
    let segments = live.map(\.allSegments)
    for index in layers.indices {
      decodeLayer(index, x, positions, segments, memory)
    }
    let hidden = memory.hidden.rows(rows)
    let scales = memory.scales.rows(rows)
    rmsNormForward(x, weight: finalNorm.tile, epsilon: epsilon, into: hidden, rstd: scales)
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
    let layer = layers[index]
    let packed = packedLayers[index]
    let (qWidth, kWidth) = (configuration.queryWidth, configuration.keyWidth)
    let normed = memory.normed.rows(rows)
    let scales = memory.scales.rows(rows)
    let query = memory.query.rows(rows)
    let keyValue = memory.keyValue.rows(rows)
    rmsNormForward(x, weight: layer.inputNorm.tile, epsilon: epsilon, into: normed, rstd: scales)
    packed.query.multiply(normed, into: query)
    packed.keyValue.multiply(normed, into: keyValue)
    if let bias = layer.queryKeyValueBias?.tile {
      addRow(bias.columns(0..<qWidth), to: query)
      addRow(bias.columns(qWidth..<qWidth + 2 * kWidth), to: keyValue)
    }
    let (keys, values) = (keyValue.columns(0..<kWidth), keyValue.columns(kWidth..<2 * kWidth))
    rotary.rotate(query, positions: positions)
    rotary.rotate(keys, positions: positions)
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
        into: attended.rows(own)
      )
    }
    packed.output.multiply(attended, into: x, accumulate: true)
    let norm = layer.feedForwardNorm.tile
    rmsNormForward(x, weight: norm, epsilon: epsilon, into: normed, rstd: scales)
    let gateUp = memory.gateUp.rows(rows)
    let activated = memory.activated.rows(rows)
    packed.gateUp.multiply(normed, into: gateUp)
    gatedActivationForward(gateUp, into: activated)
    packed.down.multiply(activated, into: x, accumulate: true)
  }
}

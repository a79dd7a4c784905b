internal import ModelFiles
internal import Tensors

/// One layer applied to the newest token of each sequence.
struct DecoderLayerStep {
  let model: LanguageModel
  let index: Int
  let adapter: PackedAdapter?
  let memory: DecodeMemory

  private var packed: PackedLayer { model.layers[index] }
  private var layer: DecoderLayer { packed.vectors }
  private var configuration: ModelConfiguration { model.configuration }

  /// Takes the residual stream through the layer, in place.
  ///
  /// - Parameters:
  ///   - x: (sequences, width).
  ///   - positions: each token's place in its sequence.
  ///   - segments: each sequence's keys and values; the new position is reserved in the last.
  func run(_ x: Tile, positions: [Int32], segments: [[KeyValueSegment]]) {
    let rows = 0..<x.rows
    let normed = memory.normed.rows(rows)
    let scales = memory.scales.rows(rows)
    model.norm.forward(
      x,
      layer.norm(.inputNorm, bias: .inputNormBias),
      into: normed,
      scales: scales
    )
    let (query, keys, values) = project(normed, positions: positions)
    let attended = memory.attended.rows(rows)
    attend(query, keys, values, segments, into: attended)
    add(.attention, attended, to: x)
    let feedForwardNorm = layer.norm(.feedForwardNorm, bias: .feedForwardNormBias)
    model.norm.forward(x, feedForwardNorm, into: normed, scales: scales)
    let activated = memory.activated.rows(rows)
    configuration.traits.feedForward.forward(expand(normed), into: activated)
    add(.feedForward, activated, to: x)
  }

  /// Computes rotated queries and keys, and values.
  private func project(
    _ normed: Tile,
    positions: [Int32]
  ) -> (query: Tile, keys: Tile, values: Tile) {
    let (qWidth, kWidth) = (configuration.queryWidth, configuration.keyWidth)
    let query = memory.query.rows(0..<normed.rows)
    let keyValue = memory.keyValue.rows(0..<normed.rows)
    packed.query.multiply(normed, into: query)
    packed.keyValue.multiply(normed, into: keyValue)
    if let bias = layer[.queryKeyValueBias]?.tile {
      addRow(bias.columns(0..<qWidth), to: query)
      addRow(bias.columns(qWidth..<qWidth + 2 * kWidth), to: keyValue)
    }
    let (keys, values) = (keyValue.columns(0..<kWidth), keyValue.columns(kWidth..<2 * kWidth))
    let (queries, others) = ExtendedPart.joint(configuration)
    extend(ExtendedPart(.q), normed, into: query)
    extend(queries, normed, into: query)
    extend(ExtendedPart(.k), normed, into: keys)
    extend(ExtendedPart(.v), normed, into: values)
    extend(others, normed, into: keyValue)
    normHeads(query: query, keys: keys)
    if let rotary = model.rotaryTable(index) {
      rotary.rotate(query, positions: positions)
      rotary.rotate(keys, positions: positions)
    }
    return (query, keys, values)
  }

  /// Caches the new keys and values, and lets each query attend to its sequence.
  private func attend(
    _ query: Tile,
    _ keys: Tile,
    _ values: Tile,
    _ segments: [[KeyValueSegment]],
    into attended: Tile
  ) {
    let window = configuration.traits.window(ofLayer: index)
    let scale = configuration.attentionScale
    Threads.forEach(query.rows) { row in
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
  }

  /// Norms the heads of queries and keys in place, in families that do.
  private func normHeads(query: Tile, keys: Tile) {
    for (x, slot) in [(query, LayerSlot.queryNorm), (keys, .keyNorm)] {
      guard let weight = layer[slot]?.tile else { continue }
      let heads = x.columns / weight.columns
      let scales = memory.headScales.rows(0..<heads).columns(0..<x.rows)
      headNormForward(x, weight: weight, epsilon: model.norm.epsilon, rstd: scales)
    }
  }

  /// Computes what the feed-forward layer's activation is given: (sequences, gateUpWidth).
  private func expand(_ normed: Tile) -> Tile {
    let gateUp = memory.gateUp.rows(0..<normed.rows)
    let inner = configuration.feedForwardWidth
    packed.gateUp.multiply(normed, into: gateUp)
    if let bias = layer[.gateUpBias]?.tile { addRow(bias, to: gateUp) }
    extend(ExtendedPart(.gate), normed, into: gateUp.columns(0..<inner))
    let up = gateUp.columns(gateUp.columns - inner..<gateUp.columns)
    extend(ExtendedPart(.up), normed, into: up)
    return gateUp
  }

  /// Adds a branch's product to the residual stream, normed before in families that do.
  private func add(_ branch: LayerBranch, _ input: Tile, to x: Tile) {
    let isNormed = layer[branch.norm] != nil
    let target = isNormed ? memory.branch.rows(0..<x.rows) : x
    let weights = branch == .attention ? packed.output : packed.down
    weights.multiply(input, into: target, accumulate: !isNormed)
    if let bias = layer[branch.bias]?.tile { addRow(bias, to: target) }
    extend(ExtendedPart(branch.projection), input, into: target)
    guard isNormed else { return }
    let normed = memory.branchNormed.rows(0..<x.rows)
    let scales = memory.scales.rows(0..<x.rows)
    model.norm.forward(target, layer.norm(branch.norm), into: normed, scales: scales)
    x.add(normed)
  }

  /// Adds the adapter's part of a projection to its output.
  private func extend(_ part: ExtendedPart, _ input: Tile, into output: Tile) {
    guard let own = adapter?(layer: index, part) else { return }
    let reduced = memory.reduced.rows(0..<input.rows).columns(0..<own.rank)
    own.extend(input, into: output, reduced: reduced)
  }
}

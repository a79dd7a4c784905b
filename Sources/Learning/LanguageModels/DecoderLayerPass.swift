internal import Tensors

/// One layer applied to one shard, with or without an adapter.
struct DecoderLayerPass {
  let model: LanguageModel
  let index: Int
  let shard: Shard
  /// The rows of the shard that are needed after this layer, ascending; `nil` for all.
  let rows: [Int]?
  let adapter: LowRankAdapter?
  let workspace: Workspace
  /// Given the rotated keys and the values of all rows, for caches.
  var onKeysAndValues: ((Tile, Tile) -> Void)?

  var layer: DecoderLayer { model.layers[index] }
  var packed: PackedLayer { model.packedLayers[index] }
  var configuration: ModelConfiguration { model.configuration }
  var tokenCount: Int { shard.tokens.count }
  var rowCount: Int { rows?.count ?? tokenCount }

  /// Takes the residual stream through the layer.
  ///
  /// - Parameters:
  ///   - x: (tokens, width); overwritten with the result when nothing is recorded and all rows are
  ///     wanted, and left alone otherwise.
  ///   - tape: filled when `records`.
  ///   - records: whether the backward pass will follow.
  /// - Returns: The residual stream after the layer: (rows, width).
  func forward(_ x: Tile, tape: inout LayerTape?, records: Bool) -> Tile {
    let width = configuration.width
    var lowRank: [Projection: Tile] = [:]
    let scales = fresh(.scales, rows: tokenCount, columns: 1, records)
    let normed = workspace.tile(.normed, rows: tokenCount, columns: width)
    let norm = layer.inputNorm.tile
    rmsNormForward(x, weight: norm, epsilon: model.epsilon, into: normed, rstd: scales)

    let (q, k, v) = project(normed, records: records, lowRank: &lowRank)
    onKeysAndValues?(k, v)
    let attended = fresh(.attended, rows: rowCount, columns: configuration.queryWidth, records)
    shard.attention(configuration, rows: rows).forward(q: q, k: k, v: v, into: attended)

    let middle = residual(x, records: records)
    packed.output.multiply(attended, into: middle, accumulate: true)
    extend(.o, attended, into: middle, records: records, lowRank: &lowRank)

    let middleScales = fresh(.scales, rows: rowCount, columns: 1, records)
    let normedMiddle = workspace.tile(.normed, rows: rowCount, columns: width)
    rmsNormForward(
      middle,
      weight: layer.feedForwardNorm.tile,
      epsilon: model.epsilon,
      into: normedMiddle,
      rstd: middleScales
    )
    let inner = configuration.feedForwardWidth
    let gateUp = fresh(.gateUp, rows: rowCount, columns: 2 * inner, records)
    packed.gateUp.multiply(normedMiddle, into: gateUp)
    let (gate, up) = (gateUp.columns(0..<inner), gateUp.columns(inner..<2 * inner))
    extend(.gate, normedMiddle, into: gate, records: records, lowRank: &lowRank)
    extend(.up, normedMiddle, into: up, records: records, lowRank: &lowRank)
    let activated = workspace.tile(.activated, rows: rowCount, columns: inner)
    gatedActivationForward(gateUp, into: activated)
    let result = records ? copy(middle) : middle
    packed.down.multiply(activated, into: result, accumulate: true)
    extend(.down, activated, into: result, records: records, lowRank: &lowRank)

    if records {
      tape = LayerTape(
        input: x,
        inputScales: scales,
        rows: rows,
        q: q,
        k: k,
        v: v,
        attended: attended,
        middle: middle,
        middleScales: middleScales,
        gateUp: gateUp,
        lowRank: lowRank
      )
    }
    return result
  }

  /// Computes rotated queries and keys, and values.
  private func project(
    _ normed: Tile,
    records: Bool,
    lowRank: inout [Projection: Tile]
  ) -> (q: Tile, k: Tile, v: Tile) {
    let (qWidth, kWidth) = (configuration.queryWidth, configuration.keyWidth)
    let bias = layer.queryKeyValueBias?.tile
    let q: Tile
    let keyValue: Tile
    let queryInput: Tile
    let queryPositions: [Int32]
    if let rows {
      queryInput = workspace.tile(.normedRows, rows: rows.count, columns: normed.columns)
      queryInput.gather(rows, from: normed)
      queryPositions = rows.map { shard.positions[$0] }
      q = fresh(.rows, rows: rows.count, columns: qWidth, records)
      keyValue = fresh(.joint, rows: tokenCount, columns: 2 * kWidth, records)
    } else {
      queryInput = normed
      queryPositions = shard.positions
      let joint = fresh(.joint, rows: tokenCount, columns: qWidth + 2 * kWidth, records)
      q = joint.columns(0..<qWidth)
      keyValue = joint.columns(qWidth..<qWidth + 2 * kWidth)
    }
    packed.query.multiply(queryInput, into: q)
    packed.keyValue.multiply(normed, into: keyValue)
    if let bias {
      addRow(bias.columns(0..<qWidth), to: q)
      addRow(bias.columns(qWidth..<qWidth + 2 * kWidth), to: keyValue)
    }
    let (k, v) = (keyValue.columns(0..<kWidth), keyValue.columns(kWidth..<2 * kWidth))
    extend(.q, queryInput, into: q, records: records, lowRank: &lowRank)
    extend(.k, normed, into: k, records: records, lowRank: &lowRank)
    extend(.v, normed, into: v, records: records, lowRank: &lowRank)
    model.rotary.rotate(q, positions: queryPositions)
    model.rotary.rotate(k, positions: shard.positions)
    return (q, k, v)
  }

  /// Adds the adapter's part of a projection to its output.
  private func extend(
    _ projection: Projection,
    _ input: Tile,
    into output: Tile,
    records: Bool,
    lowRank: inout [Projection: Tile]
  ) {
    guard let adapter, let place = adapter.position(layer: index, projection: projection) else {
      return
    }
    let rank = adapter.configuration.rank
    let reduced = fresh(.lowRank, rows: input.rows, columns: rank, records)
    multiply(input, transposed: adapter.parameters.matrices[place].tile, into: reduced)
    multiply(
      reduced,
      transposed: adapter.parameters.matrices[place + 1].tile,
      into: output,
      alpha: adapter.configuration.scaling,
      beta: 1
    )
    if records { lowRank[projection] = reduced }
  }

  /// The residual stream that attention adds to: `x` itself, or a copy that may be changed.
  private func residual(_ x: Tile, records: Bool) -> Tile {
    if let rows {
      let chosen = Tile(rows: rows.count, columns: x.columns)
      chosen.gather(rows, from: x)
      return chosen
    }
    return records ? copy(x) : x
  }

  private func copy(_ x: Tile) -> Tile {
    let result = Tile(rows: x.rows, columns: x.columns)
    result.copy(from: x)
    return result
  }

  /// Memory of its own for what the tape keeps, the workspace's otherwise.
  private func fresh(
    _ purpose: Workspace.Purpose,
    rows: Int,
    columns: Int,
    _ records: Bool
  ) -> Tile {
    records
      ? Tile(rows: rows, columns: columns)
      : workspace.tile(purpose, rows: rows, columns: columns)
  }
}

internal import ModelFiles
internal import Tensors

/// One layer applied to one shard, with or without an adapter.
struct DecoderLayerPass {
  let model: LanguageModel
  let index: Int
  let shard: Shard
  /// The rows of the shard that are needed after this layer, ascending; `nil` for all.
  let rows: [Int]?
  let adapter: PackedAdapter?
  let workspace: Workspace
  /// What the layer makes of its input whatever the adapter, where that is known already; not for
  /// recorded passes.
  var shared: AttentionInputs?
  /// Given the rotated keys and the values of all rows, for caches.
  var onKeysAndValues: ((Tile, Tile) -> Void)?

  var profile: WorkProfile? { workspace.profile }
  /// The layer's maps.
  var packed: PackedLayer { model.layers[index] }
  /// The layer's norms and biases.
  var layer: DecoderLayer { packed.vectors }
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
    var lowRank: [ExtendedPart: Tile] = [:]
    let scales = fresh(.scales, rows: tokenCount, columns: 1, records)
    let normed = workspace.tile(.normed, rows: tokenCount, columns: width)
    if let shared {
      normed.copy(from: shared.normed)
    } else {
      norm(x, into: normed, scales: scales)
    }
    let (q, k, v, headNorms) = project(normed, records: records, lowRank: &lowRank)
    onKeysAndValues?(k, v)
    let attended = fresh(.attended, rows: rowCount, columns: configuration.queryWidth, records)
    let attention = shard.attention(configuration, layer: index, rows: rows)
    profile.measure(.attention, operations: attention.operations) {
      attention.forward(q: q, k: k, v: v, into: attended)
    }

    let middle = residual(x, records: records)
    let attentionBranch = add(.attention, attended, to: middle, records, lowRank: &lowRank)

    let middleScales = fresh(.scales, rows: rowCount, columns: 1, records)
    let normedMiddle = workspace.tile(.normed, rows: rowCount, columns: width)
    let norm = layer.norm(.feedForwardNorm, bias: .feedForwardNormBias)
    profile.measure(.norm) {
      model.norm.forward(middle, norm, into: normedMiddle, scales: middleScales)
    }
    let gateUp = expand(normedMiddle, records: records, lowRank: &lowRank)
    let activated = workspace.tile(
      .activated,
      rows: rowCount,
      columns: configuration.feedForwardWidth
    )
    profile.measure(.activation) {
      configuration.traits.feedForward.forward(gateUp, into: activated)
    }
    let result = records ? copy(middle) : middle
    let feedForwardBranch = add(.feedForward, activated, to: result, records, lowRank: &lowRank)

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
        headNorms: headNorms,
        attentionBranch: attentionBranch,
        feedForwardBranch: feedForwardBranch,
        lowRank: lowRank
      )
    }
    return result
  }

  /// Computes the product of some rows with frozen weights.
  private func product(
    _ kind: WorkKind,
    _ weights: PackedWeights,
    _ x: Tile,
    into y: Tile,
    accumulate: Bool = false
  ) {
    profile.measure(kind, operations: weights.operations(rows: x.rows)) {
      weights.multiply(x, into: y, accumulate: accumulate)
    }
  }

  /// Norms the layer's input: (tokens, width).
  private func norm(_ x: Tile, into normed: Tile, scales: Tile) {
    let weights = layer.norm(.inputNorm, bias: .inputNormBias)
    profile.measure(.norm) { model.norm.forward(x, weights, into: normed, scales: scales) }
  }

  /// Computes queries, keys and values without an adapter and without positions.
  private func multiplyJoint(_ queryInput: Tile, _ normed: Tile, q: Tile, keyValue: Tile) {
    product(.queryKeyValue, packed.query, queryInput, into: q)
    product(.queryKeyValue, packed.keyValue, normed, into: keyValue)
    guard let bias = layer[.queryKeyValueBias]?.tile else { return }
    profile.measure(.copies) {
      addRow(bias.columns(0..<q.columns), to: q)
      addRow(bias.columns(q.columns..<q.columns + keyValue.columns), to: keyValue)
    }
  }

  /// Computes what passes over one input have in common, whatever their adapters.
  func attentionInputs(of x: Tile) -> AttentionInputs {
    let (qWidth, kWidth) = (configuration.queryWidth, configuration.keyWidth)
    let inputs = AttentionInputs(
      normed: Tile(rows: tokenCount, columns: configuration.width),
      query: Tile(rows: tokenCount, columns: qWidth),
      keyValue: Tile(rows: tokenCount, columns: 2 * kWidth)
    )
    let scales = workspace.tile(.scales, rows: tokenCount, columns: 1)
    norm(x, into: inputs.normed, scales: scales)
    multiplyJoint(inputs.normed, inputs.normed, q: inputs.query, keyValue: inputs.keyValue)
    return inputs
  }

  /// Computes rotated queries and keys, and values.
  private func project(
    _ normed: Tile,
    records: Bool,
    lowRank: inout [ExtendedPart: Tile]
  ) -> (q: Tile, k: Tile, v: Tile, headNorms: HeadNormTape?) {
    let (qWidth, kWidth) = (configuration.queryWidth, configuration.keyWidth)
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
    if let shared {
      rows.map { q.gather($0, from: shared.query) } ?? q.copy(from: shared.query)
      keyValue.copy(from: shared.keyValue)
    } else {
      multiplyJoint(queryInput, normed, q: q, keyValue: keyValue)
    }
    let (k, v) = (keyValue.columns(0..<kWidth), keyValue.columns(kWidth..<2 * kWidth))
    let (queries, others) = ExtendedPart.joint(configuration)
    extend(ExtendedPart(.q), queryInput, into: q, records: records, lowRank: &lowRank)
    extend(queries, queryInput, into: q, records: records, lowRank: &lowRank)
    extend(ExtendedPart(.k), normed, into: k, records: records, lowRank: &lowRank)
    extend(ExtendedPart(.v), normed, into: v, records: records, lowRank: &lowRank)
    extend(others, normed, into: keyValue, records: records, lowRank: &lowRank)
    let headNorms = normHeads(q: q, k: k, records: records)
    if let rotary = model.rotaryTable(index) {
      profile.measure(.rotary) {
        rotary.rotate(q, positions: queryPositions)
        rotary.rotate(k, positions: shard.positions)
      }
    }
    return (q, k, v, headNorms)
  }

  /// Norms the heads of queries and keys in place, in families that do.
  private func normHeads(q: Tile, k: Tile, records: Bool) -> HeadNormTape? {
    guard let qNorm = layer[.queryNorm]?.tile, let kNorm = layer[.keyNorm]?.tile else { return nil }
    let epsilon = model.norm.epsilon
    func norm(_ x: Tile, _ weight: Tile) -> (before: Tile?, scales: Tile) {
      let before = records ? copy(x) : nil
      let heads = x.columns / weight.columns
      let scales = fresh(.headScales, rows: heads, columns: x.rows, records)
      profile.measure(.norm) {
        headNormForward(x, weight: weight, epsilon: epsilon, rstd: scales)
      }
      return (before, scales)
    }
    let (qBefore, qScales) = norm(q, qNorm)
    let (kBefore, kScales) = norm(k, kNorm)
    guard let qBefore, let kBefore else { return nil }
    return HeadNormTape(q: qBefore, k: kBefore, qScales: qScales, kScales: kScales)
  }

  /// Computes what the feed-forward layer's activation is given: (rows, gateUpWidth).
  private func expand(
    _ normed: Tile,
    records: Bool,
    lowRank: inout [ExtendedPart: Tile]
  ) -> Tile {
    let inner = configuration.feedForwardWidth
    let gateUp = fresh(.gateUp, rows: rowCount, columns: configuration.gateUpWidth, records)
    product(.gateUp, packed.gateUp, normed, into: gateUp)
    if let bias = layer[.gateUpBias]?.tile { profile.measure(.copies) { addRow(bias, to: gateUp) } }
    let up = gateUp.columns(gateUp.columns - inner..<gateUp.columns)
    extend(
      ExtendedPart(.gate),
      normed,
      into: gateUp.columns(0..<inner),
      records: records,
      lowRank: &lowRank
    )
    extend(ExtendedPart(.up), normed, into: up, records: records, lowRank: &lowRank)
    return gateUp
  }

  /// Adds a branch's product to the residual stream, normed before in families that do.
  private func add(
    _ branch: LayerBranch,
    _ input: Tile,
    to stream: Tile,
    _ records: Bool,
    lowRank: inout [ExtendedPart: Tile]
  ) -> BranchTape? {
    let weights = branch == .attention ? packed.output : packed.down
    let isNormed = layer[branch.norm] != nil
    let target =
      isNormed
      ? fresh(.branch, rows: rowCount, columns: configuration.width, records) : stream
    product(branch.work, weights, input, into: target, accumulate: !isNormed)
    if let bias = layer[branch.bias]?.tile { profile.measure(.copies) { addRow(bias, to: target) } }
    let part = ExtendedPart(branch.projection)
    extend(part, input, into: target, records: records, lowRank: &lowRank)
    guard isNormed else { return nil }
    let scales = fresh(.branchScales, rows: rowCount, columns: 1, records)
    let normed = workspace.tile(.branchNormed, rows: rowCount, columns: configuration.width)
    profile.measure(.norm) {
      model.norm.forward(target, layer.norm(branch.norm), into: normed, scales: scales)
      stream.add(normed)
    }
    return records ? BranchTape(product: target, scales: scales) : nil
  }

  /// Adds the adapter's part of a projection to its output.
  private func extend(
    _ part: ExtendedPart,
    _ input: Tile,
    into output: Tile,
    records: Bool,
    lowRank: inout [ExtendedPart: Tile]
  ) {
    guard let own = adapter?(layer: index, part) else { return }
    let reduced = fresh(.lowRank, rows: input.rows, columns: own.rank, records)
    let operations = 2 * input.rows * own.rank * (input.columns + output.columns)
    profile.measure(.adapter, operations: operations) {
      own.extend(input, into: output, reduced: reduced)
    }
    if records { lowRank[part] = reduced }
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
    profile.measure(.copies) { result.copy(from: x) }
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

internal import ModelFiles
internal import Tensors

extension DecoderLayerPass {
  /// Takes the gradient of the residual stream back through the layer.
  ///
  /// - Parameters:
  ///   - dResult: (rows, width), the gradient after the layer; overwritten.
  ///   - tape: from the forward pass.
  ///   - sink: gains the parameters' gradients.
  ///   - wantsInput: whether the gradient before the layer is needed. Without it two of the large
  ///     products fall away.
  /// - Returns: The gradient before the layer: (tokens, width); `nil` unless wanted.
  func backward(
    _ dResult: Tile,
    tape: LayerTape,
    sink: GradientSink,
    wantsInput: Bool
  ) -> Tile? {
    feedForwardBackward(dResult, tape: tape, sink: sink)
    // dResult is now the gradient of the middle stream.
    return attentionBackward(dResult, tape: tape, sink: sink, wantsInput: wantsInput)
  }

  /// Adds the feed-forward layer's part to the residual gradient `d`: (rows, width).
  private func feedForwardBackward(_ d: Tile, tape: LayerTape, sink: GradientSink) {
    let inner = configuration.feedForwardWidth
    let feedForward = configuration.traits.feedForward
    let weights = sink.layers[index]
    let needsActivated = weights != nil || tape.lowRank[ExtendedPart(.down)] != nil
    var activated: Tile?
    if needsActivated {
      let tile = workspace.tile(.activated, rows: rowCount, columns: inner)
      profile.measure(.activation) { feedForward.forward(tape.gateUp, into: tile) }
      activated = tile
    }
    let dActivated = workspace.tile(.gradientActivated, rows: rowCount, columns: inner)
    branchBackward(.feedForward, d, input: activated, into: dActivated, tape: tape, sink: sink)

    let gateUpWidth = configuration.gateUpWidth
    let dGateUp = workspace.tile(.gateUp, rows: rowCount, columns: gateUpWidth)
    profile.measure(.activation) {
      feedForward.backward(dActivated, gateUp: tape.gateUp, into: dGateUp)
    }
    let dNormed = workspace.tile(.gradient, rows: rowCount, columns: d.columns)
    inputGradient(.gateUp, dGateUp, packed.gateUp, into: dNormed)
    let norm = layer.norm(.feedForwardNorm, bias: .feedForwardNormBias)
    let (gate, up) = (ExtendedPart(.gate), ExtendedPart(.up))
    if weights != nil || tape.lowRank[gate] != nil || tape.lowRank[up] != nil {
      let normed = workspace.tile(.normed, rows: rowCount, columns: d.columns)
      let scales = workspace.tile(.scales, rows: rowCount, columns: 1)
      profile.measure(.norm) {
        model.norm.forward(tape.middle, norm, into: normed, scales: scales)
      }
      let dGate = dGateUp.columns(0..<inner)
      let dUp = dGateUp.columns(gateUpWidth - inner..<gateUpWidth)
      extendBackward(gate, dGate, input: normed, dInput: dNormed, tape: tape, sink: sink)
      extendBackward(up, dUp, input: normed, dInput: dNormed, tape: tape, sink: sink)
      if let gradient = weights?[.gateUp] {
        weightGradient(dGateUp, normed, into: gradient)
      }
      if let gradient = weights?[.gateUpBias] { addColumnSums(of: dGateUp, to: gradient) }
    }
    normBackward(
      dNormed,
      x: tape.middle,
      norm,
      scales: tape.middleScales,
      addingTo: d,
      gradient: weights?.norm(.feedForwardNorm, bias: .feedForwardNormBias)
    )
  }

  /// Takes the residual gradient `d`, (rows, width), back to the input of a branch's last map.
  ///
  /// - Parameters:
  ///   - branch: the branch.
  ///   - d: left alone.
  ///   - input: the map's input, where its weights or its extension learn.
  ///   - dInput: set to the input's gradient.
  ///   - tape: from the forward pass.
  ///   - sink: gains the parameters' gradients.
  private func branchBackward(
    _ branch: LayerBranch,
    _ d: Tile,
    input: Tile?,
    into dInput: Tile,
    tape: LayerTape,
    sink: GradientSink
  ) {
    let weights = sink.layers[index]
    var dProduct = d
    let branchTape = branch == .attention ? tape.attentionBranch : tape.feedForwardBranch
    if let branchTape {
      dProduct = workspace.tile(.gradientBranch, rows: d.rows, columns: d.columns)
      dProduct.fill(0)
      normBackward(
        d,
        x: branchTape.product,
        layer.norm(branch.norm),
        scales: branchTape.scales,
        addingTo: dProduct,
        gradient: weights?.norm(branch.norm)
      )
    }
    let map = branch == .attention ? packed.output : packed.down
    inputGradient(branch.work, dProduct, map, into: dInput)
    guard let input else { return }
    let part = ExtendedPart(branch.projection)
    extendBackward(part, dProduct, input: input, dInput: dInput, tape: tape, sink: sink)
    if let gradient = weights?[branch.map] {
      weightGradient(dProduct, input, into: gradient)
    }
    if let gradient = weights?[branch.bias] { addColumnSums(of: dProduct, to: gradient) }
  }

  /// Takes the middle stream's gradient `d`, (rows, width), back through attention.
  private func attentionBackward(
    _ d: Tile,
    tape: LayerTape,
    sink: GradientSink,
    wantsInput: Bool
  ) -> Tile? {
    let (qWidth, kWidth) = (configuration.queryWidth, configuration.keyWidth)
    let dAttended = workspace.tile(.attended, rows: rowCount, columns: qWidth)
    branchBackward(.attention, d, input: tape.attended, into: dAttended, tape: tape, sink: sink)

    let dQ: Tile
    let dKeyValue: Tile
    if rows != nil {
      dQ = workspace.tile(.rows, rows: rowCount, columns: qWidth)
      dKeyValue = workspace.tile(.gradientJoint, rows: tokenCount, columns: 2 * kWidth)
    } else {
      let joint = workspace.tile(.gradientJoint, rows: tokenCount, columns: qWidth + 2 * kWidth)
      dQ = joint.columns(0..<qWidth)
      dKeyValue = joint.columns(qWidth..<qWidth + 2 * kWidth)
    }
    let (dK, dV) = (dKeyValue.columns(0..<kWidth), dKeyValue.columns(kWidth..<2 * kWidth))
    // Sequences without a wanted row have no span, and their keys no gradient.
    if rows != nil { dKeyValue.fill(0) }
    let attention = shard.attention(configuration, layer: index, rows: rows)
    profile.measure(.attention, operations: attention.operations * 5 / 2) {
      attention.backward(dOut: dAttended, q: tape.q, k: tape.k, v: tape.v, dQ: dQ, dK: dK, dV: dV)
    }
    if let rotary = model.rotaryTable(index) {
      let queryPositions = rows.map { $0.map { shard.positions[$0] } } ?? shard.positions
      profile.measure(.rotary) {
        rotary.rotate(dQ, positions: queryPositions, isInverse: true)
        rotary.rotate(dK, positions: shard.positions, isInverse: true)
      }
    }
    if let headNorms = tape.headNorms { headNormsBackward(dQ: dQ, dK: dK, headNorms, sink: sink) }
    return projectBackward(
      dQ: dQ,
      dKeyValue: dKeyValue,
      dMiddle: d,
      tape: tape,
      sink: sink,
      wantsInput: wantsInput
    )
  }

  /// Takes the gradients of queries and keys back through the norms of their heads, in place.
  private func headNormsBackward(
    dQ: Tile,
    dK: Tile,
    _ tape: HeadNormTape,
    sink: GradientSink
  ) {
    let weights = sink.layers[index]
    for (d, x, slot, scales) in [
      (dQ, tape.q, LayerSlot.queryNorm, tape.qScales), (dK, tape.k, .keyNorm, tape.kScales),
    ] {
      let dy = workspace.tile(.gradientHeads, rows: d.rows, columns: d.columns)
      dy.copy(from: d)
      d.fill(0)
      headNormBackward(
        dy,
        x: x,
        weight: layer.tile(slot),
        rstd: scales,
        addingTo: d,
        dWeight: weights?[slot]
      )
    }
  }

  /// Takes the gradients of queries, keys and values back to the layer's input.
  private func projectBackward(
    dQ: Tile,
    dKeyValue: Tile,
    dMiddle: Tile,
    tape: LayerTape,
    sink: GradientSink,
    wantsInput: Bool
  ) -> Tile? {
    let (qWidth, kWidth) = (configuration.queryWidth, configuration.keyWidth)
    let width = configuration.width
    let weights = sink.layers[index]
    let normed = workspace.tile(.normed, rows: tokenCount, columns: width)
    let scales = workspace.tile(.scales, rows: tokenCount, columns: 1)
    let norm = layer.norm(.inputNorm, bias: .inputNormBias)
    profile.measure(.norm) { model.norm.forward(tape.input, norm, into: normed, scales: scales) }
    var queryInput = normed
    if let rows {
      queryInput = workspace.tile(.normedRows, rows: rowCount, columns: width)
      queryInput.gather(rows, from: normed)
    }
    let dNormed = wantsInput ? workspace.tile(.gradient, rows: tokenCount, columns: width) : nil
    var dQueryInput: Tile?
    if let dNormed {
      inputGradient(.queryKeyValue, dKeyValue, packed.keyValue, into: dNormed)
      // Chosen rows are computed apart and added to their places below.
      let target =
        rows == nil
        ? dNormed : workspace.tile(.gradientActivated, rows: rowCount, columns: width)
      let isSame = rows == nil
      inputGradient(.queryKeyValue, dQ, packed.query, into: target, accumulate: isSame)
      dQueryInput = target
    }
    let (dK, dV) = (dKeyValue.columns(0..<kWidth), dKeyValue.columns(kWidth..<2 * kWidth))
    let (queries, others) = ExtendedPart.joint(configuration)
    let extended = { (part: ExtendedPart, d: Tile, input: Tile, dInput: Tile?) in
      extendBackward(part, d, input: input, dInput: dInput, tape: tape, sink: sink)
    }
    extended(ExtendedPart(.q), dQ, queryInput, dQueryInput)
    extended(queries, dQ, queryInput, dQueryInput)
    extended(ExtendedPart(.k), dK, normed, dNormed)
    extended(ExtendedPart(.v), dV, normed, dNormed)
    extended(others, dKeyValue, normed, dNormed)
    if let gradient = weights?[.queryKeyValue] {
      weightGradient(dQ, queryInput, into: gradient.rows(0..<qWidth))
      let keyValueRows = gradient.rows(qWidth..<qWidth + 2 * kWidth)
      weightGradient(dKeyValue, normed, into: keyValueRows)
    }
    if let gradient = weights?[.queryKeyValueBias] {
      addColumnSums(of: dQ, to: gradient.columns(0..<qWidth))
      addColumnSums(of: dKeyValue, to: gradient.columns(qWidth..<qWidth + 2 * kWidth))
    }
    guard let dNormed, let dQueryInput else { return nil }
    var dInput = dMiddle
    if let rows {
      dQueryInput.scatterAdd(rows, to: dNormed)
      dInput = Tile(rows: tokenCount, columns: width, zeroed: true)
      dMiddle.scatterAdd(rows, to: dInput)
    }
    normBackward(
      dNormed,
      x: tape.input,
      norm,
      scales: tape.inputScales,
      addingTo: dInput,
      gradient: weights?.norm(.inputNorm, bias: .inputNormBias)
    )
    return dInput
  }

  /// Adds the gradients of a norm's input and, where given, of its weights.
  private func normBackward(
    _ dY: Tile,
    x: Tile,
    _ norm: NormWeights,
    scales: Tile,
    addingTo dX: Tile,
    gradient: NormWeights?
  ) {
    profile.measure(.norm) {
      model.norm.backward(dY, x: x, norm, scales: scales, addingTo: dX, gradient: gradient)
    }
  }

  /// Computes the gradient of a map's input: `dX (+)= dY W`.
  private func inputGradient(
    _ kind: WorkKind,
    _ dY: Tile,
    _ weights: PackedWeights,
    into dX: Tile,
    accumulate: Bool = false
  ) {
    profile.measure(kind, operations: weights.operations(rows: dY.rows)) {
      weights.multiplyTransposed(dY, into: dX, accumulate: accumulate)
    }
  }

  /// Adds the gradient of a map's weights: `dW += dY^T X`.
  private func weightGradient(_ dY: Tile, _ x: Tile, into dW: Tile) {
    profile.measure(.weightGradient, operations: 2 * dY.rows * dY.columns * x.columns) {
      multiply(transposed: dY, x, into: dW, beta: 1)
    }
  }

  /// Adds the gradients of one part's extension, and its part of the input's gradient.
  private func extendBackward(
    _ part: ExtendedPart,
    _ dOutput: Tile,
    input: Tile,
    dInput: Tile?,
    tape: LayerTape,
    sink: GradientSink
  ) {
    guard let adapter, let own = adapter(layer: index, part), let reduced = tape.lowRank[part],
      let place = adapter.adapter.position(layer: index, projection: part.projection)
    else { return }
    let scaling = adapter.adapter.configuration.scaling
    let rank = reduced.columns
    let inputs = (dInput == nil ? 1 : 2) * input.columns
    let operations = 2 * dOutput.rows * rank * (2 * dOutput.columns + inputs)
    profile.measure(.adapter, operations: operations) {
      let b = sink.adapter[place + 1]
      let gradient = part.outputs.map { b.rows($0) } ?? b
      multiply(transposed: dOutput, reduced, into: gradient, alpha: scaling, beta: 1)
      let dReduced = workspace.tile(.gradientLowRank, rows: dOutput.rows, columns: rank)
      own.expanding.multiplyTransposed(dOutput, into: dReduced)
      multiply(transposed: dReduced, input, into: sink.adapter[place], beta: 1)
      if let dInput { own.reducing.multiplyTransposed(dReduced, into: dInput, accumulate: true) }
    }
  }
}

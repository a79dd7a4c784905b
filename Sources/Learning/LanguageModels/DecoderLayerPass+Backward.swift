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
    let weights = sink.layers[index]
    let needsActivated = weights != nil || tape.lowRank[.down] != nil
    var activated: Tile?
    if needsActivated {
      let tile = workspace.tile(.activated, rows: rowCount, columns: inner)
      gatedActivationForward(tape.gateUp, into: tile)
      activated = tile
    }
    let dActivated = workspace.tile(.gradientActivated, rows: rowCount, columns: inner)
    multiply(d, layer.down.tile, into: dActivated)
    if let activated {
      extendBackward(.down, d, input: activated, dInput: dActivated, tape: tape, sink: sink)
      if let weights { multiply(transposed: d, activated, into: weights.down, beta: 1) }
    }

    let dGateUp = workspace.tile(.gateUp, rows: rowCount, columns: 2 * inner)
    gatedActivationBackward(dActivated, gateUp: tape.gateUp, into: dGateUp)
    let dNormed = workspace.tile(.gradient, rows: rowCount, columns: d.columns)
    multiply(dGateUp, layer.gateUp.tile, into: dNormed)
    if weights != nil || tape.lowRank[.gate] != nil || tape.lowRank[.up] != nil {
      let normed = workspace.tile(.normed, rows: rowCount, columns: d.columns)
      let scales = workspace.tile(.scales, rows: rowCount, columns: 1)
      let norm = layer.feedForwardNorm.tile
      rmsNormForward(tape.middle, weight: norm, epsilon: model.epsilon, into: normed, rstd: scales)
      let (dGate, dUp) = (dGateUp.columns(0..<inner), dGateUp.columns(inner..<2 * inner))
      extendBackward(.gate, dGate, input: normed, dInput: dNormed, tape: tape, sink: sink)
      extendBackward(.up, dUp, input: normed, dInput: dNormed, tape: tape, sink: sink)
      if let weights { multiply(transposed: dGateUp, normed, into: weights.gateUp, beta: 1) }
    }
    rmsNormBackward(
      dNormed,
      x: tape.middle,
      weight: layer.feedForwardNorm.tile,
      rstd: tape.middleScales,
      addingTo: d,
      dWeight: weights?.feedForwardNorm
    )
  }

  /// Takes the middle stream's gradient `d`, (rows, width), back through attention.
  private func attentionBackward(
    _ d: Tile,
    tape: LayerTape,
    sink: GradientSink,
    wantsInput: Bool
  ) -> Tile? {
    let (qWidth, kWidth) = (configuration.queryWidth, configuration.keyWidth)
    let weights = sink.layers[index]
    let dAttended = workspace.tile(.attended, rows: rowCount, columns: qWidth)
    multiply(d, layer.output.tile, into: dAttended)
    extendBackward(.o, d, input: tape.attended, dInput: dAttended, tape: tape, sink: sink)
    if let weights { multiply(transposed: d, tape.attended, into: weights.output, beta: 1) }

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
    let attention = shard.attention(configuration, rows: rows)
    attention.backward(dOut: dAttended, q: tape.q, k: tape.k, v: tape.v, dQ: dQ, dK: dK, dV: dV)
    let queryPositions = rows.map { $0.map { shard.positions[$0] } } ?? shard.positions
    model.rotary.rotate(dQ, positions: queryPositions, isInverse: true)
    model.rotary.rotate(dK, positions: shard.positions, isInverse: true)
    return projectBackward(
      dQ: dQ,
      dKeyValue: dKeyValue,
      dMiddle: d,
      tape: tape,
      sink: sink,
      wantsInput: wantsInput
    )
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
    let norm = layer.inputNorm.tile
    rmsNormForward(tape.input, weight: norm, epsilon: model.epsilon, into: normed, rstd: scales)
    var queryInput = normed
    if let rows {
      queryInput = workspace.tile(.normedRows, rows: rowCount, columns: width)
      queryInput.gather(rows, from: normed)
    }
    let matrix = layer.queryKeyValue.tile
    let dNormed = wantsInput ? workspace.tile(.gradient, rows: tokenCount, columns: width) : nil
    var dQueryInput: Tile?
    if let dNormed {
      multiply(dKeyValue, matrix.rows(qWidth..<qWidth + 2 * kWidth), into: dNormed)
      // Chosen rows are computed apart and added to their places below.
      let target =
        rows == nil
        ? dNormed : workspace.tile(.gradientActivated, rows: rowCount, columns: width)
      multiply(dQ, matrix.rows(0..<qWidth), into: target, beta: rows == nil ? 1 : 0)
      dQueryInput = target
    }
    let (dK, dV) = (dKeyValue.columns(0..<kWidth), dKeyValue.columns(kWidth..<2 * kWidth))
    extendBackward(.q, dQ, input: queryInput, dInput: dQueryInput, tape: tape, sink: sink)
    extendBackward(.k, dK, input: normed, dInput: dNormed, tape: tape, sink: sink)
    extendBackward(.v, dV, input: normed, dInput: dNormed, tape: tape, sink: sink)
    if let weights {
      let gradient = weights.queryKeyValue
      multiply(transposed: dQ, queryInput, into: gradient.rows(0..<qWidth), beta: 1)
      let keyValueRows = gradient.rows(qWidth..<qWidth + 2 * kWidth)
      multiply(transposed: dKeyValue, normed, into: keyValueRows, beta: 1)
      if let bias = weights.queryKeyValueBias {
        addColumnSums(of: dQ, to: bias.columns(0..<qWidth))
        addColumnSums(of: dKeyValue, to: bias.columns(qWidth..<qWidth + 2 * kWidth))
      }
    }
    guard let dNormed, let dQueryInput else { return nil }
    var dInput = dMiddle
    if let rows {
      dQueryInput.scatterAdd(rows, to: dNormed)
      dInput = Tile(rows: tokenCount, columns: width, zeroed: true)
      dMiddle.scatterAdd(rows, to: dInput)
    }
    rmsNormBackward(
      dNormed,
      x: tape.input,
      weight: norm,
      rstd: tape.inputScales,
      addingTo: dInput,
      dWeight: weights?.inputNorm
    )
    return dInput
  }

  /// Adds the gradients of one projection's extension, and its part of the input's gradient.
  private func extendBackward(
    _ projection: Projection,
    _ dOutput: Tile,
    input: Tile,
    dInput: Tile?,
    tape: LayerTape,
    sink: GradientSink
  ) {
    guard let adapter, let reduced = tape.lowRank[projection],
      let place = adapter.position(layer: index, projection: projection)
    else { return }
    let scaling = adapter.configuration.scaling
    let a = adapter.parameters.matrices[place].tile
    let b = adapter.parameters.matrices[place + 1].tile
    multiply(transposed: dOutput, reduced, into: sink.adapter[place + 1], alpha: scaling, beta: 1)
    let dReduced = workspace.tile(.gradientLowRank, rows: dOutput.rows, columns: reduced.columns)
    multiply(dOutput, b, into: dReduced, alpha: scaling)
    multiply(transposed: dReduced, input, into: sink.adapter[place], beta: 1)
    if let dInput { multiply(dReduced, a, into: dInput, beta: 1) }
  }
}

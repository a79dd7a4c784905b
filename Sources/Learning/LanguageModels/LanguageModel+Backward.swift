internal import ModelFiles
package import Tensors

/// The gradients of a recorded pass through the upper layers.
package struct TopGradients: Sendable {
  /// The adapter's gradients, named and ordered like its parameters; empty without an adapter.
  package let adapter: ParameterSet
  /// The gradient of the residual stream entering the pass, where asked for: (tokens, width).
  package let input: Matrix?
}

extension LanguageModel {
  /// Computes the gradients of a recorded pass from the gradient of its hidden states.
  ///
  /// - Parameters:
  ///   - pass: from `top(..., record: true)`.
  ///   - gradient: (rows, width), the loss's derivative by `pass.hidden`.
  ///   - wantsInput: whether the gradient entering the pass is wanted, to go further down.
  /// - Returns: The gradients.
  package func topBackward(
    _ pass: TopPass,
    gradient: Matrix,
    wantsInput: Bool = false
  ) -> TopGradients {
    check(pass, gradient)
    let input = wantsInput ? inputGradient(of: pass) : nil
    let sinks = pass.recordings.map { _ in SharedSink(GradientSink(adapter: pass.adapter)) }
    let profile = WorkProfile.current
    Threads.forEach(pass.recordings.count) { index in
      backward(
        pass.recordings[index],
        pass: pass,
        gradient: gradient,
        sink: sinks[index].sink,
        input: input,
        workspace: Workspace(profile: profile)
      )
    }
    let total = GradientSink(adapter: pass.adapter)
    for sink in sinks {
      for (sum, part) in zip(total.adapter, sink.sink.adapter) { sum.add(part) }
    }
    return TopGradients(
      adapter: adapterGradients(pass.adapter, total),
      input: input.map { Matrix(takingOwnership: $0) }
    )
  }

  /// Computes the same and adds the gradients of the model's own weights: of the layers of the pass
  /// and the final norm and, where the pass began at layer 0, of the embeddings.
  ///
  /// - Parameters:
  ///   - pass: from `top(..., record: true)`.
  ///   - gradient: (rows, width), the loss's derivative by `pass.hidden`.
  ///   - wantsInput: whether the gradient entering the pass is wanted too.
  ///   - weights: named and shaped like `parameters`.
  /// - Returns: The other gradients.
  package func topBackward(
    _ pass: TopPass,
    gradient: Matrix,
    wantsInput: Bool = false,
    addingWeightsTo weights: inout ParameterSet
  ) -> TopGradients {
    check(pass, gradient)
    let embeds = pass.firstLayer == 0
    let input = wantsInput || embeds ? inputGradient(of: pass) : nil
    let names = weights.names
    let total = weights.withTiles { tiles in
      let sink = GradientSink(
        adapter: pass.adapter,
        weights: WeightTiles(Dictionary(uniqueKeysWithValues: zip(names, tiles))),
        layers: pass.firstLayer..<layers.count
      )
      // One sink is as large as the model, so shards take turns and share their products instead.
      for recording in pass.recordings {
        backward(
          recording,
          pass: pass,
          gradient: gradient,
          sink: sink,
          input: input,
          workspace: Workspace(profile: WorkProfile.current)
        )
      }
      if embeds, let input, let weights = sink.weights {
        WorkProfile.current.measure(.embedding) { embedBackward(input, pass, weights) }
      }
      return sink
    }
    return TopGradients(
      adapter: adapterGradients(pass.adapter, total),
      input: wantsInput ? input.map { Matrix(takingOwnership: $0) } : nil
    )
  }

  private func check(_ pass: TopPass, _ gradient: Matrix) {
    precondition(
      gradient.rows == pass.hidden.rows && gradient.columns == configuration.width,
      "the gradient has the shape of the pass's hidden states"
    )
    precondition(
      !pass.recordings.isEmpty || pass.tokenCount == 0,
      "the pass was not recorded; call top with record: true"
    )
  }

  /// Room for the gradient that enters a pass: (tokens, width), zero.
  private func inputGradient(of pass: TopPass) -> Tile {
    Tile(rows: pass.tokenCount, columns: configuration.width, zeroed: true)
  }

  /// Adds the gradients of the embeddings from that of what they were looked up for: the backward
  /// pass of `embed`.
  private func embedBackward(_ d: Tile, _ pass: TopPass, _ weights: WeightTiles) {
    if let positions = weights[.positions] {
      for recording in pass.recordings {
        let rows = recording.shard.positions.map { Int($0) }
        d.rows(recording.shard.tokens).scatterAdd(rows, to: positions)
      }
    }
    guard let embedding = weights[.embedding] else { return }
    if let scale = configuration.traits.embeddingScale {
      // The caller may want the gradient as it came.
      let scaled = Tile(rows: d.rows, columns: d.columns)
      scaled.copy(from: d)
      scaled.scale(by: Float(scale))
      scaled.scatterAdd(pass.tokens.map { Int($0) }, to: embedding)
    } else {
      d.scatterAdd(pass.tokens.map { Int($0) }, to: embedding)
    }
  }

  /// Takes one shard's gradient back through its layers.
  private func backward(
    _ recording: ShardRecording,
    pass: TopPass,
    gradient: Matrix,
    sink: GradientSink,
    input: Tile?,
    workspace: Workspace
  ) {
    var d = Tile(rows: recording.last.rows, columns: configuration.width, zeroed: true)
    workspace.profile.measure(.norm) {
      norm.backward(
        gradient.tile.rows(recording.outputRows),
        x: recording.last,
        finalNormWeights,
        scales: recording.lastScales,
        addingTo: d,
        gradient: sink.weights?.finalNorm
      )
    }
    // Below the lowest trained map nothing needs a gradient.
    let lowest =
      input != nil || sink.weights != nil
      ? pass.firstLayer : max(pass.firstLayer, pass.adapter?.firstLayer ?? layers.count)
    for index in (lowest..<max(lowest, layers.count)).reversed() {
      let tape = recording.layers[index - pass.firstLayer]
      // A layer's own first norm learns from the gradient that enters the layer.
      let wantsInput = index > lowest || input != nil || sink.weights != nil
      let result = DecoderLayerPass(
        model: self,
        index: index,
        shard: recording.shard,
        rows: tape.rows,
        adapter: pass.packedAdapter,
        workspace: workspace
      ).backward(d, tape: tape, sink: sink, wantsInput: wantsInput)
      guard let result else { return }
      d = result
    }
    guard let target = input?.rows(recording.shard.tokens) else { return }
    if let rows = recording.lastRows {
      d.scatterAdd(rows, to: target)
    } else {
      target.copy(from: d)
    }
  }

  private func adapterGradients(_ adapter: LowRankAdapter?, _ sink: GradientSink) -> ParameterSet {
    var result = ParameterSet()
    for (name, tile) in zip(adapter?.parameters.names ?? [], sink.adapter) {
      result.set(name, Matrix(takingOwnership: tile))
    }
    return result
  }
}

/// A sink that one thread fills while others fill theirs.
///
/// SAFETY: `Threads.forEach` gives each index to one thread, and the sinks are read after it joins.
private struct SharedSink: @unchecked Sendable {
  let sink: GradientSink

  init(_ sink: GradientSink) { self.sink = sink }
}

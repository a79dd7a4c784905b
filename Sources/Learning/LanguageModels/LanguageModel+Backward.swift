internal import ModelFiles
internal import Synchronization
package import Tensors

/// The gradients of a recorded pass through the upper layers.
package struct TopGradients: Sendable {
  /// The adapter's gradients, named and ordered like its parameters; empty without an adapter.
  package let adapter: ParameterSet
  /// The gradients of the layers' own weights and of the final norm, under Hugging Face names;
  /// empty unless asked for.
  package let weights: ParameterSet
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
  ///   - wantsWeights: whether the layers' own weights are trained too (full fine-tuning).
  /// - Returns: The gradients.
  package func topBackward(
    _ pass: TopPass,
    gradient: Matrix,
    wantsInput: Bool = false,
    wantsWeights: Bool = false
  ) -> TopGradients {
    precondition(
      gradient.rows == pass.hidden.rows && gradient.columns == configuration.width,
      "the gradient has the shape of the pass's hidden states"
    )
    precondition(
      !pass.recordings.isEmpty || pass.tokenCount == 0,
      "the pass was not recorded; call top with record: true"
    )
    let range = pass.firstLayer..<layers.count
    let makeSink = {
      GradientSink(adapter: pass.adapter, model: self, layers: range, weights: wantsWeights)
    }
    let input =
      wantsInput
      ? Tile(rows: pass.tokenCount, columns: configuration.width, zeroed: true) : nil
    let run = { (recording: ShardRecording, sink: GradientSink) in
      self.backward(recording, pass: pass, gradient: gradient, sink: sink, input: input)
    }
    let total = makeSink()
    if wantsWeights {
      // One sink is as large as the layers, so shards take turns and share their products instead.
      for recording in pass.recordings { run(recording, total) }
    } else {
      let sinks = pass.recordings.map { _ in SharedSink(makeSink()) }
      Threads.forEach(pass.recordings.count) { run(pass.recordings[$0], sinks[$0].sink) }
      for sink in sinks {
        for (sum, part) in zip(total.adapter, sink.sink.adapter) { sum.add(part) }
      }
    }
    return TopGradients(
      adapter: adapterGradients(pass.adapter, total),
      weights: weightGradients(range, total),
      input: input.map { Matrix(takingOwnership: $0) }
    )
  }

  /// Takes one shard's gradient back through its layers.
  private func backward(
    _ recording: ShardRecording,
    pass: TopPass,
    gradient: Matrix,
    sink: GradientSink,
    input: Tile?
  ) {
    let workspace = Workspace()
    var d = Tile(rows: recording.last.rows, columns: configuration.width, zeroed: true)
    norm.backward(
      gradient.tile.rows(recording.outputRows),
      x: recording.last,
      finalNormWeights,
      scales: recording.lastScales,
      addingTo: d,
      gradient: sink.finalNorm
    )
    // Below the lowest trained map nothing needs a gradient.
    let lowest =
      input != nil || !sink.layers.isEmpty
      ? pass.firstLayer : max(pass.firstLayer, pass.adapter?.firstLayer ?? layers.count)
    for index in (lowest..<max(lowest, layers.count)).reversed() {
      let tape = recording.layers[index - pass.firstLayer]
      // A layer's own first norm learns from the gradient that enters the layer.
      let wantsInput = index > lowest || input != nil || !sink.layers.isEmpty
      let result = DecoderLayerPass(
        model: self,
        index: index,
        shard: recording.shard,
        rows: tape.rows,
        adapter: pass.adapter,
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

  private func weightGradients(_ range: Range<Int>, _ sink: GradientSink) -> ParameterSet {
    var result = ParameterSet()
    guard let finalNorm = sink.finalNorm else { return result }
    for index in range {
      guard let gradient = sink.layers[index]?.asLayer() else { continue }
      for (name, matrix) in gradient.named(index, configuration, areGradients: true) {
        result.set(name, matrix)
      }
    }
    let name = configuration.family.names.finalNorm
    result.set(name + ".weight", Matrix(takingOwnership: finalNorm.weight))
    if let bias = finalNorm.bias { result.set(name + ".bias", Matrix(takingOwnership: bias)) }
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

internal import Tensors

extension LanguageModel {
  /// Runs prompts through the model once and keeps their keys and values.
  func prefill(_ prompts: [[Int32]], adapter: PackedAdapter?) -> [PromptCache] {
    let batch = PackedBatch(prompts)
    let segments = prompts.map { prompt in
      let segment = makeSegment(positions: prompt.count)
      segment.reserve(prompt.count)
      return segment
    }
    let hidden = Tile(rows: prompts.count, columns: configuration.width)
    let shards = Shard.split(batch)
    Threads.forEach(shards.count) { index in
      let shard = shards[index]
      // Nothing is shared between different prompts, so groups are sequences.
      let own = shard.groupRange
      prefill(
        batch.tokens[shard.tokens],
        shard,
        adapter,
        segments: segments[own],
        into: hidden.rows(own)
      )
    }
    return segments.indices.map { index in
      PromptCache(segment: segments[index], lastHidden: hidden.rows(index..<index + 1))
    }
  }

  /// An empty segment for this model's keys and values.
  func makeSegment(positions: Int) -> KeyValueSegment {
    KeyValueSegment(
      layerCount: configuration.layerCount,
      headCount: configuration.keyValueHeadCount,
      headWidth: configuration.headWidth,
      positions: positions
    )
  }

  private func prefill(
    _ tokens: ArraySlice<Int32>,
    _ shard: Shard,
    _ adapter: PackedAdapter?,
    segments: ArraySlice<KeyValueSegment>,
    into hidden: Tile
  ) {
    let workspace = Workspace()
    let lastRows = shard.groups.map { $0.rows.upperBound - 1 }
    var x = Tile(rows: tokens.count, columns: configuration.width)
    embed(tokens, positions: shard.positions, into: x)
    for layer in layers.indices {
      var tape: LayerTape?
      let pass = DecoderLayerPass(
        model: self,
        index: layer,
        shard: shard,
        rows: layer == layers.count - 1 ? lastRows : nil,
        adapter: adapter,
        workspace: workspace,
        onKeysAndValues: { k, v in
          for (rows, segment) in zip(shard.groups.map(\.rows), segments) {
            for (position, row) in rows.enumerated() {
              let (key, value) = (k.rows(row..<row + 1), v.rows(row..<row + 1))
              segment.write(position: position, layer: layer, key: key, value: value)
            }
          }
        }
      )
      x = pass.forward(x, tape: &tape, records: false)
    }
    let scales = Tile(rows: x.rows, columns: 1)
    norm.forward(x, finalNormWeights, into: hidden, scales: scales)
  }
}

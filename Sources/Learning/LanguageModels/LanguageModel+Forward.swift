internal import Synchronization
package import Tensors

extension LanguageModel {
  /// The residual stream entering layer `layers`, with no adapter and nothing recorded.
  ///
  /// - Parameters:
  ///   - batch: checked by `PackedBatch.check(for:)`.
  ///   - count: how many layers are run, from the lowest.
  /// - Returns: (tokens, width).
  package func trunk(_ batch: PackedBatch, layers count: Int) -> Matrix {
    precondition(count >= 0 && count <= layers.count, "the model has no such layer")
    let hidden = Tile(rows: batch.tokenCount, columns: configuration.width)
    let shards = Shard.split(batch)
    let profile = WorkProfile.current
    Threads.forEach(shards.count) { index in
      let shard = shards[index]
      let workspace = Workspace(profile: profile)
      let x = hidden.rows(shard.tokens)
      profile.measure(.embedding) {
        embed(batch.tokens[shard.tokens], positions: shard.positions, into: x)
      }
      for layer in 0..<count {
        var tape: LayerTape?
        _ = DecoderLayerPass(
          model: self,
          index: layer,
          shard: shard,
          rows: nil,
          adapter: nil,
          workspace: workspace
        ).forward(x, tape: &tape, records: false)
      }
    }
    return Matrix(takingOwnership: hidden)
  }

  /// Runs the layers from `first` up and the final norm.
  ///
  /// - Parameters:
  ///   - hidden: (tokens, width), the residual stream entering layer `first`, from `trunk`.
  ///   - batch: the batch it was computed from.
  ///   - first: the lowest layer to run.
  ///   - adapter: applied in the layers it extends.
  ///   - rows: the rows of the batch wanted at the end, ascending; `nil` for all. The last layer
  ///     computes queries, attention and feed-forward for these rows only.
  ///   - record: whether `topBackward` will follow.
  /// - Returns: The wanted rows' hidden states, and the recording.
  package func top(
    _ hidden: Matrix,
    _ batch: PackedBatch,
    from first: Int,
    adapter: LowRankAdapter? = nil,
    rows: [Int]? = nil,
    record: Bool = false
  ) -> TopPass {
    precondition(hidden.rows == batch.tokenCount, "hidden states and batch differ")
    precondition(first >= 0 && first <= layers.count, "the model has no such layer")
    precondition(
      zip(rows ?? [], (rows ?? []).dropFirst()).allSatisfy { $0 < $1 },
      "rows ascend without repeating"
    )
    let shards = Shard.split(batch)
    let outputs = Self.outputRanges(shards, rows: rows)
    let result = Tile(rows: rows?.count ?? batch.tokenCount, columns: configuration.width)
    let profile = WorkProfile.current
    let packedAdapter = adapter.map { PackedAdapter($0, self) }
    let recordings = Mutex<[ShardRecording?]>(Array(repeating: nil, count: shards.count))
    Threads.forEach(shards.count) { index in
      let recording = runTop(
        hidden.tile.rows(shards[index].tokens),
        nil,
        shard: shards[index],
        from: first,
        adapter: packedAdapter,
        rows: rows.map { rows in
          outputs[index].map { rows[$0] - shards[index].tokens.lowerBound }
        },
        outputRows: outputs[index],
        into: result.rows(outputs[index]),
        workspace: Workspace(profile: profile),
        record: record
      )
      if record { recordings.withLock { $0[index] = recording } }
    }
    return TopPass(
      hidden: Matrix(takingOwnership: result),
      rows: rows,
      firstLayer: first,
      tokens: batch.tokens,
      recordings: recordings.withLock { $0.compactMap { $0 } },
      packedAdapter: packedAdapter
    )
  }

  /// Runs the layers from `first` up and the final norm with one adapter after the other.
  ///
  /// All adapters meet the same input, so its norm and its products with the lowest layer's queries,
  /// keys and values are computed once. Each result has the bits that `top` gives.
  ///
  /// - Parameters:
  ///   - hidden: (tokens, width), the residual stream entering layer `first`, from `trunk`.
  ///   - batch: the batch it was computed from.
  ///   - first: the lowest layer to run.
  ///   - adapters: applied one at a time in the layers that they extend.
  ///   - rows: the rows of the batch wanted at the end, ascending.
  /// - Returns: For each adapter the wanted rows' hidden states: (rows, width).
  package func tops(
    _ hidden: Matrix,
    _ batch: PackedBatch,
    from first: Int,
    adapters: [LowRankAdapter],
    rows: [Int]
  ) -> [Matrix] {
    precondition(hidden.rows == batch.tokenCount, "hidden states and batch differ")
    precondition(first >= 0 && first <= layers.count, "the model has no such layer")
    let shards = Shard.split(batch)
    let outputs = Self.outputRanges(shards, rows: rows)
    let results = adapters.map { _ in Tile(rows: rows.count, columns: configuration.width) }
    let packedAdapters = adapters.map { PackedAdapter($0, self) }
    let profile = WorkProfile.current
    Threads.forEach(shards.count) { index in
      let (shard, workspace) = (shards[index], Workspace(profile: profile))
      let input = hidden.tile.rows(shard.tokens)
      var shared: AttentionInputs?
      if first < layers.count {
        shared = DecoderLayerPass(
          model: self,
          index: first,
          shard: shard,
          rows: nil,
          adapter: nil,
          workspace: workspace
        ).attentionInputs(of: input)
      }
      for (adapter, result) in zip(packedAdapters, results) {
        _ = runTop(
          input,
          shared,
          shard: shard,
          from: first,
          adapter: adapter,
          rows: outputs[index].map { rows[$0] - shard.tokens.lowerBound },
          outputRows: outputs[index],
          into: result.rows(outputs[index]),
          workspace: workspace,
          record: false
        )
      }
    }
    return results.map { Matrix(takingOwnership: $0) }
  }

  /// The final-normed hidden states of a batch through all layers.
  package func hiddenStates(
    _ batch: PackedBatch,
    adapter: LowRankAdapter? = nil,
    rows: [Int]? = nil
  ) -> Matrix {
    let first = adapter?.firstLayer ?? max(0, layers.count - 1)
    return top(trunk(batch, layers: first), batch, from: first, adapter: adapter, rows: rows).hidden
  }

  /// Runs one shard through the upper layers and the final norm.
  ///
  /// - Parameters:
  ///   - input: the shard's part of the residual stream entering layer `first`.
  ///   - shared: what layer `first` makes of it whatever the adapter, where that is known.
  ///   - shard: the shard.
  ///   - first: the lowest layer to run.
  ///   - adapter: applied in the layers it extends.
  ///   - rows: the wanted rows of the shard.
  ///   - outputRows: their places among the wanted rows of the batch.
  ///   - output: set to their final-normed hidden states.
  ///   - workspace: memory for one layer at a time.
  ///   - record: whether the backward pass will follow.
  /// - Returns: The recording, empty unless one was asked for.
  private func runTop(
    _ input: Tile,
    _ shared: AttentionInputs?,
    shard: Shard,
    from first: Int,
    adapter: PackedAdapter?,
    rows: [Int]?,
    outputRows: Range<Int>,
    into output: Tile,
    workspace: Workspace,
    record: Bool
  ) -> ShardRecording {
    var tapes: [LayerTape] = []
    var x = input
    if !record {
      // The caller's hidden states are a value; the layers overwrite what they are given.
      x = Tile(rows: input.rows, columns: input.columns)
      x.copy(from: input)
    }
    for layer in first..<layers.count {
      var tape: LayerTape?
      let isLast = layer == layers.count - 1
      x = DecoderLayerPass(
        model: self,
        index: layer,
        shard: shard,
        rows: isLast ? rows : nil,
        adapter: adapter,
        workspace: workspace,
        shared: layer == first ? shared : nil
      ).forward(x, tape: &tape, records: record)
      if let tape { tapes.append(tape) }
    }
    var lastRows: [Int]?
    if first == layers.count, let rows {
      let chosen = Tile(rows: rows.count, columns: x.columns)
      chosen.gather(rows, from: x)
      x = chosen
      lastRows = rows
    }
    let scales = Tile(rows: x.rows, columns: 1)
    workspace.profile.measure(.norm) {
      norm.forward(x, finalNormWeights, into: output, scales: scales)
    }
    return ShardRecording(
      shard: shard,
      outputRows: outputRows,
      layers: tapes,
      last: x,
      lastRows: lastRows,
      lastScales: scales
    )
  }

  /// Where each shard's wanted rows lie among all wanted rows.
  private static func outputRanges(_ shards: [Shard], rows: [Int]?) -> [Range<Int>] {
    guard let rows else { return shards.map(\.tokens) }
    var next = 0
    return shards.map { shard in
      let start = next
      while next < rows.count && rows[next] < shard.tokens.upperBound { next += 1 }
      return start..<next
    }
  }
}

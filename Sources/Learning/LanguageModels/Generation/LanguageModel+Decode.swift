internal import ModelFiles
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
  /// What a branch adds, before and after its norm; empty in families that do not norm it.
  let branch: Tile
  let branchNormed: Tile
  /// The scales of heads; empty in families that do not norm them.
  let headScales: Tile
  /// An input reduced to an adapter's rank.
  let reduced: Tile
  let hidden: Tile
  let logits: Tile

  /// Allocates for batches of up to `rows` and an adapter of a rank.
  init(rows: Int, rank: Int, _ configuration: ModelConfiguration) {
    let tile = { (columns: Int) in Tile(rows: rows, columns: columns) }
    x = tile(configuration.width)
    normed = tile(configuration.width)
    scales = tile(1)
    query = tile(configuration.queryWidth)
    keyValue = tile(2 * configuration.keyWidth)
    attended = tile(configuration.queryWidth)
    gateUp = tile(configuration.gateUpWidth)
    activated = tile(configuration.feedForwardWidth)
    let traits = configuration.traits
    branch = tile(traits.normsBranches ? configuration.width : 0)
    branchNormed = tile(branch.columns)
    headScales = Tile(rows: traits.normsQueriesAndKeys ? configuration.headCount : 0, columns: rows)
    reduced = tile(rank)
    hidden = tile(configuration.width)
    logits = tile(configuration.vocabularySize)
  }
}

extension LanguageModel {
  /// Feeds each sequence's last token and computes the hidden states after it.
  ///
  /// - Parameters:
  ///   - live: sequences whose last segment has the new position reserved.
  ///   - adapter: applied beside the weights that it extends.
  ///   - memory: for at least as many rows.
  /// - Returns: (sequences, width), final-normed, in `memory.hidden`.
  func decode(
    _ live: [LiveSequence],
    _ adapter: PackedAdapter?,
    _ memory: DecodeMemory
  ) -> Tile {
    let rows = 0..<live.count
    let x = memory.x.rows(rows)
    let positions = live.map { Int32(truncatingIfNeeded: $0.position) }
    embed(live.map { $0.tokens.last ?? 0 }, positions: positions, into: x)
    let segments = live.map(\.allSegments)
    for index in layers.indices {
      DecoderLayerStep(model: self, index: index, adapter: adapter, memory: memory)
        .run(x, positions: positions, segments: segments)
    }
    let hidden = memory.hidden.rows(rows)
    let scales = memory.scales.rows(rows)
    norm.forward(x, finalNormWeights, into: hidden, scales: scales)
    return hidden
  }
}

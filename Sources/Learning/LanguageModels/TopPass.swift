package import Tensors

/// The result of the upper layers, with what their backward pass needs when it was recorded.
package struct TopPass: Sendable {
  /// The final-normed hidden states of the wanted rows: (rows, width).
  package let hidden: Matrix
  /// The wanted rows of the batch; `nil` for all.
  package let rows: [Int]?
  /// The adapter applied, with the numbers it had.
  package var adapter: LowRankAdapter? { packedAdapter?.adapter }
  /// The lowest layer of the pass.
  package let firstLayer: Int

  /// The tokens of the batch.
  let tokens: [Int32]
  /// How many of them there are.
  var tokenCount: Int { tokens.count }
  /// One recording for each shard; empty when nothing was recorded.
  let recordings: [ShardRecording]
  /// The adapter as the products read it.
  let packedAdapter: PackedAdapter?
}

/// One shard's part of a recorded pass.
struct ShardRecording: Sendable {
  let shard: Shard
  /// The shard's rows among the wanted rows of the batch.
  let outputRows: Range<Int>
  /// One tape for each layer of the pass.
  let layers: [LayerTape]
  /// The residual stream entering the final norm: (rows, width).
  let last: Tile
  /// Which rows of `last` are wanted, where the pass had no layer to choose them in.
  let lastRows: [Int]?
  /// The scale of each wanted row's norm.
  let lastScales: Tile
}

internal import Tensors

/// What one layer's forward pass over one shard leaves for the backward pass.
///
/// Norm outputs and activations are computed again in the backward pass: they cost little to
/// compute and much to keep.
struct LayerTape: Sendable {
  /// The residual stream entering the layer: (tokens, width).
  var input: Tile
  /// The scale of each input row's norm: (tokens, 1).
  var inputScales: Tile
  /// The chosen rows of the shard, where the layer computed only those.
  var rows: [Int]?
  /// Queries as attention has them, rotated: (rows, queryWidth).
  var q: Tile
  /// Keys as attention has them, rotated: (tokens, keyWidth).
  var k: Tile
  /// Values: (tokens, keyWidth).
  var v: Tile
  /// The attention's outputs before their projection: (rows, queryWidth).
  var attended: Tile
  /// The residual stream between attention and feed-forward: (rows, width).
  var middle: Tile
  /// The scale of each middle row's norm: (rows, 1).
  var middleScales: Tile
  /// Gate and up: (rows, gateUpWidth).
  var gateUp: Tile
  /// What the norms of query and key heads need, in families that have them.
  var headNorms: HeadNormTape?
  /// What the norm of the attention's part needs, in families that have it.
  var attentionBranch: BranchTape?
  /// What the norm of the feed-forward layer's part needs, in families that have it.
  var feedForwardBranch: BranchTape?
  /// For each extended part, its input times A^T: (rows, rank).
  var lowRank: [ExtendedPart: Tile]
}

/// Queries and keys before the norms of their heads.
struct HeadNormTape: Sendable {
  /// (rows, queryWidth).
  var q: Tile
  /// (tokens, keyWidth).
  var k: Tile
  /// (query heads, rows).
  var qScales: Tile
  /// (key heads, tokens).
  var kScales: Tile
}

/// What a branch adds to the residual stream, before its norm.
struct BranchTape: Sendable {
  /// (rows, width).
  var product: Tile
  /// (rows, 1).
  var scales: Tile
}

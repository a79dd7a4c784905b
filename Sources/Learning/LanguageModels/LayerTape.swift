internal import Tensors

/// What one layer's forward pass over one shard leaves for the backward pass.
///
/// Norm outputs and activations are computed again in the backward pass: they cost little to
/// compute and much to keep.
struct LayerTape: Sendable {
  /// The residual stream entering the layer: (tokens, width).
  var input: Tile
  /// One over the root mean square of each input row: (tokens, 1).
  var inputScales: Tile
  /// The chosen rows of the shard, where the layer computed only those.
  var rows: [Int]?
  /// Rotated queries: (rows, queryWidth).
  var q: Tile
  /// Rotated keys: (tokens, keyWidth).
  var k: Tile
  /// Values: (tokens, keyWidth).
  var v: Tile
  /// The attention's outputs before their projection: (rows, queryWidth).
  var attended: Tile
  /// The residual stream between attention and feed-forward: (rows, width).
  var middle: Tile
  /// One over the root mean square of each middle row: (rows, 1).
  var middleScales: Tile
  /// Gate and up: (rows, 2 feedForwardWidth).
  var gateUp: Tile
  /// For each extended projection, its input times A^T: (rows, rank).
  var lowRank: [Projection: Tile]
}

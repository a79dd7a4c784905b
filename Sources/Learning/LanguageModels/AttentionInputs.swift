internal import Tensors

/// A layer's normed input and its products with the weights of queries, keys and values.
///
/// Adapters add to these products, so adapters that meet the same input can share them.
struct AttentionInputs {
  /// (tokens, width).
  let normed: Tile
  /// Before positions: (tokens, queryWidth).
  let query: Tile
  /// Keys before positions, then values: (tokens, 2 keyWidth).
  let keyValue: Tile
}

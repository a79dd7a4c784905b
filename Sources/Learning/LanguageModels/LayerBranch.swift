internal import Tensors

/// What adds to the residual stream of a layer.
enum LayerBranch: Sendable {
  /// Attention and its output.
  case attention
  /// The feed-forward layer.
  case feedForward

  /// The map that ends the branch.
  var map: LayerSlot { self == .attention ? .output : .down }
  /// What the products with that map's weights are called in a profile.
  var work: WorkKind { self == .attention ? .output : .down }
  /// That map's bias.
  var bias: LayerSlot { self == .attention ? .outputBias : .downBias }
  /// The norm behind that map.
  var norm: LayerSlot { self == .attention ? .attentionOutputNorm : .feedForwardOutputNorm }
  /// That map as an adapter knows it.
  var projection: Projection { self == .attention ? .o : .down }
}

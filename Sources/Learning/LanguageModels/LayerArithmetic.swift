internal import ModelFiles
internal import Tensors

/// A norm's weight and, where the family has one, its bias: (1, width) each.
struct NormWeights {
  let weight: Tile
  let bias: Tile?
}

/// The norm of a model's family, forward and backward.
struct Norm: Sendable {
  let kind: DecoderTraits.Norm
  let epsilon: Float

  /// Normalises rows; `scales`, (rows, 1), is written for the backward pass.
  func forward(_ x: Tile, _ norm: NormWeights, into y: Tile, scales: Tile) {
    if kind == .layer, let bias = norm.bias {
      layerNormForward(
        x,
        weight: norm.weight,
        bias: bias,
        epsilon: epsilon,
        into: y,
        rstd: scales
      )
    } else {
      rmsNormForward(x, weight: norm.weight, epsilon: epsilon, into: y, rstd: scales)
    }
  }

  /// Adds the gradients of a norm's input and, where given, of its weights.
  func backward(
    _ dy: Tile,
    x: Tile,
    _ norm: NormWeights,
    scales: Tile,
    addingTo dx: Tile,
    gradient: NormWeights?
  ) {
    if kind == .layer {
      var both: (weight: Tile, bias: Tile)?
      if let gradient, let bias = gradient.bias { both = (gradient.weight, bias) }
      layerNormBackward(
        dy,
        x: x,
        weight: norm.weight,
        rstd: scales,
        addingTo: dx,
        dWeightAndBias: both
      )
    } else {
      rmsNormBackward(
        dy,
        x: x,
        weight: norm.weight,
        rstd: scales,
        addingTo: dx,
        dWeight: gradient?.weight
      )
    }
  }
}

extension DecoderTraits.FeedForward {
  /// What stands between the two products: (rows, gate and up) to (rows, feedForwardWidth).
  func forward(_ gateUp: Tile, into out: Tile) {
    switch self {
    case .gatedSilu: gatedActivationForward(gateUp, into: out)
    case .gatedGelu: gatedGeluForward(gateUp, into: out)
    case .gelu: geluForward(gateUp, into: out)
    }
  }

  /// The gradient of `gateUp` from that of `forward`'s output.
  func backward(_ dOut: Tile, gateUp: Tile, into dGateUp: Tile) {
    switch self {
    case .gatedSilu: gatedActivationBackward(dOut, gateUp: gateUp, into: dGateUp)
    case .gatedGelu: gatedGeluBackward(dOut, gateUp: gateUp, into: dGateUp)
    case .gelu: geluBackward(dOut, x: gateUp, into: dGateUp)
    }
  }
}

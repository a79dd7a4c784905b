internal import ModelFiles
internal import Tensors

/// The matrices of a layer, each as large as one product needs it.
///
/// Maps that read the same input are stacked: queries, keys and values; gate and up.
enum LayerSlot: Int, Sendable, CaseIterable {
  /// The norm before attention: (1, width).
  case inputNorm
  /// Its bias: (1, width).
  case inputNormBias
  /// Queries, keys, values: (queryWidth + 2 keyWidth, width).
  case queryKeyValue
  /// Their biases: (1, queryWidth + 2 keyWidth).
  case queryKeyValueBias
  /// The norm of each query head: (1, headWidth).
  case queryNorm
  /// The norm of each key head: (1, headWidth).
  case keyNorm
  /// The attention's output: (width, queryWidth).
  case output
  /// Its bias: (1, width).
  case outputBias
  /// The norm of what attention adds: (1, width).
  case attentionOutputNorm
  /// The norm before the feed-forward layer: (1, width).
  case feedForwardNorm
  /// Its bias: (1, width).
  case feedForwardNormBias
  /// Gate, then up: (2 feedForwardWidth, width); up alone where there is no gate.
  case gateUp
  /// Their biases: (1, 2 feedForwardWidth), or half of that.
  case gateUpBias
  /// The feed-forward layer's output: (width, feedForwardWidth).
  case down
  /// Its bias: (1, width).
  case downBias
  /// The norm of what the feed-forward layer adds: (1, width).
  case feedForwardOutputNorm

  /// Whether this is the weight of linear maps.
  var isMap: Bool {
    switch self {
    case .queryKeyValue, .output, .gateUp, .down: true
    default: false
    }
  }

  /// Whether this is the weight of a norm.
  var isNorm: Bool {
    switch self {
    case .inputNorm, .queryNorm, .keyNorm, .attentionOutputNorm, .feedForwardNorm,
      .feedForwardOutputNorm:
      true
    default: false
    }
  }
}

/// A tensor of a layer as checkpoints have it, and its place in the layer's matrices.
struct LayerPart: Sendable {
  /// The tensor.
  let tensor: LayerTensor
  /// The matrix that it is a part of.
  let slot: LayerSlot
  /// Its outputs among those of the matrix: rows of a map, columns of a bias or norm.
  let outputs: Range<Int>
  /// The number of inputs of a map; 1 for a bias or norm.
  let inputs: Int

  /// Whether it is the weight of a linear map.
  var isMap: Bool { !tensor.isBias && !tensor.module.isNorm }

  /// The parts of a layer, in the order of the forward pass.
  static func all(_ configuration: ModelConfiguration) -> [LayerPart] {
    configuration.family.layerTensors(configuration.traits).compactMap { tensor in
      guard let slot = slot(of: tensor) else { return nil }
      let (inputs, outputs) = configuration.widths.ends(of: tensor.module)
      let start = start(of: tensor.module, configuration)
      let isVector = tensor.isBias || tensor.module.isNorm
      return LayerPart(
        tensor: tensor,
        slot: slot,
        outputs: start..<start + outputs,
        inputs: isVector ? 1 : inputs
      )
    }
  }

  /// The first output of a module in the matrix it is stacked in.
  static func start(of module: LayerModule, _ configuration: ModelConfiguration) -> Int {
    switch module {
    case .key: configuration.queryWidth
    case .value: configuration.queryWidth + configuration.keyWidth
    case .up: configuration.traits.feedForward.isGated ? configuration.feedForwardWidth : 0
    default: 0
    }
  }

  /// The matrix of a tensor; `nil` for a bias that no family has.
  private static func slot(of tensor: LayerTensor) -> LayerSlot? {
    switch tensor.module {
    case .inputNorm: tensor.isBias ? .inputNormBias : .inputNorm
    case .queryKeyValue, .query, .key, .value:
      tensor.isBias ? .queryKeyValueBias : .queryKeyValue
    case .queryNorm: tensor.isBias ? nil : .queryNorm
    case .keyNorm: tensor.isBias ? nil : .keyNorm
    case .output: tensor.isBias ? .outputBias : .output
    case .attentionOutputNorm: tensor.isBias ? nil : .attentionOutputNorm
    case .feedForwardNorm: tensor.isBias ? .feedForwardNormBias : .feedForwardNorm
    case .gate, .up: tensor.isBias ? .gateUpBias : .gateUp
    case .down: tensor.isBias ? .downBias : .down
    case .feedForwardOutputNorm: tensor.isBias ? nil : .feedForwardOutputNorm
    }
  }
}

/// The parts of a layer that have weights of their own, in the order of the forward pass.
package enum LayerModule: Sendable, Hashable, CaseIterable {
  /// The norm before attention.
  case inputNorm
  /// Queries, keys and values in one map, where a family stores them so.
  case queryKeyValue
  /// Queries.
  case query
  /// Keys.
  case key
  /// Values.
  case value
  /// The norm of each query head.
  case queryNorm
  /// The norm of each key head.
  case keyNorm
  /// The attention's output.
  case output
  /// The norm of what attention adds.
  case attentionOutputNorm
  /// The norm before the feed-forward layer.
  case feedForwardNorm
  /// The gate of the feed-forward layer.
  case gate
  /// The gated half of the feed-forward layer, or the whole of one without a gate.
  case up
  /// The feed-forward layer's output.
  case down
  /// The norm of what the feed-forward layer adds.
  case feedForwardOutputNorm

  /// Whether this is a norm and no linear map.
  package var isNorm: Bool {
    switch self {
    case .inputNorm, .queryNorm, .keyNorm, .attentionOutputNorm, .feedForwardNorm,
      .feedForwardOutputNorm:
      true
    default: false
    }
  }
}

/// The widths that the shapes in a layer are made of.
package struct LayerWidths: Sendable, Equatable {
  /// The width of the residual stream.
  package var width: Int
  /// The width of one head.
  package var head: Int
  /// The width of all query heads.
  package var query: Int
  /// The width of all key heads, or all value heads.
  package var key: Int
  /// The inner width of the feed-forward layer.
  package var feedForward: Int

  /// Puts widths together.
  package init(width: Int, head: Int, query: Int, key: Int, feedForward: Int) {
    self.width = width
    self.head = head
    self.query = query
    self.key = key
    self.feedForward = feedForward
  }

  /// The inputs and outputs of a linear map; for a norm both are its width.
  package func ends(of module: LayerModule) -> (inputs: Int, outputs: Int) {
    switch module {
    case .inputNorm, .attentionOutputNorm, .feedForwardNorm, .feedForwardOutputNorm:
      (width, width)
    case .queryNorm, .keyNorm: (head, head)
    case .queryKeyValue: (width, query + 2 * key)
    case .query: (width, query)
    case .key, .value: (width, key)
    case .output: (query, width)
    case .gate, .up: (width, feedForward)
    case .down: (feedForward, width)
    }
  }
}

/// One tensor of a layer: a module's weight or its bias.
package struct LayerTensor: Sendable, Hashable {
  /// The module.
  package var module: LayerModule
  /// Whether it is the bias.
  package var isBias: Bool

  /// Names a tensor.
  package init(_ module: LayerModule, isBias: Bool = false) {
    self.module = module
    self.isBias = isBias
  }
}

extension DecoderTraits {
  /// The modules of one layer, in the order of the forward pass.
  package func modules(fused: Bool) -> [LayerModule] {
    LayerModule.allCases.filter { module in
      switch module {
      case .queryKeyValue: fused
      case .query, .key, .value: !fused
      case .queryNorm, .keyNorm: normsQueriesAndKeys
      case .attentionOutputNorm, .feedForwardOutputNorm: normsBranches
      case .gate: feedForward.isGated
      default: true
      }
    }
  }

  /// Whether a module has a bias.
  package func hasBias(_ module: LayerModule) -> Bool {
    switch module {
    case .queryKeyValue, .query, .key, .value: hasAttentionBias
    case .output: hasOutputBias
    case .gate, .up, .down: hasFeedForwardBias
    case .queryNorm, .keyNorm: false
    case .inputNorm, .attentionOutputNorm, .feedForwardNorm, .feedForwardOutputNorm: norm == .layer
    }
  }
}

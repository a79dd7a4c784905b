/// What a decoder computes beyond Llama's plain layers; a trait that is off costs nothing.
///
/// The default is Llama as released first: RMS norms, SwiGLU, plain rotary positions, no biases.
package struct DecoderTraits: Sendable, Equatable {
  /// How rows are normalised.
  package enum Norm: Sendable, Equatable {
    /// By the root mean square, with a weight.
    case rootMeanSquare
    /// By mean and deviation, with a weight and a bias.
    case layer
  }

  /// What stands between the two products of the feed-forward layer.
  package enum FeedForward: Sendable, Equatable {
    /// `silu(gate) * up`.
    case gatedSilu
    /// `gelu(gate) * up`, by the tanh formula.
    case gatedGelu
    /// `gelu(up)`, by the tanh formula.
    case gelu

    /// Whether there is a gate beside the other half.
    package var isGated: Bool { self != .gelu }
  }

  /// How rows are normalised.
  package var norm = Norm.rootMeanSquare
  /// What stands between the two products of the feed-forward layer.
  package var feedForward = FeedForward.gatedSilu
  /// Whether positions are rows that are learned and added to the embeddings, and not rotations.
  package var learnsPositions = false
  /// How the rotary frequencies of layers without a window are stretched.
  package var rotaryScaling = RotaryScaling.none
  /// The rotary base of the layers with a window where it is another one; those are not stretched.
  package var localRotaryBase: Double?
  /// How many positions a layer with a window sees, its own included.
  package var slidingWindow: Int?
  /// For each layer whether it has the window; empty for a window in all of them.
  package var windowedLayers: [Bool] = []
  /// Whether queries, keys and values have biases.
  package var hasAttentionBias = false
  /// Whether the attention's output has a bias.
  package var hasOutputBias = false
  /// Whether the feed-forward layer's maps have biases.
  package var hasFeedForwardBias = false
  /// Whether the heads of queries and keys are normed before they are rotated.
  package var normsQueriesAndKeys = false
  /// Whether what attention and feed-forward layer add is normed first.
  package var normsBranches = false
  /// What embeddings are multiplied by where they enter the first layer.
  package var embeddingScale: Double?
  /// What attention scores are multiplied by; `nil` for one over the root of the head's width.
  package var attentionScale: Double?

  /// Makes the traits of the first Llama; change what differs.
  package init() {}

  /// How many positions a layer sees; `nil` for all.
  package func window(ofLayer layer: Int) -> Int? {
    windowedLayers.isEmpty || windowedLayers[layer] ? slidingWindow : nil
  }

  /// Whether a layer turns queries and keys by the local base.
  package func isLocal(layer: Int) -> Bool {
    localRotaryBase != nil && window(ofLayer: layer) != nil
  }
}

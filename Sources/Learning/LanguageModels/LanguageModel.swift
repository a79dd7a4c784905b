internal import Tensors

/// A decoder of the Llama family with fixed weights; safe to share between threads.
///
/// Weights never change: adapters are applied beside them in training and merged into copies for
/// generation. Batches are packed (`PackedBatch`); rows of every matrix are tokens.
package final class LanguageModel: Sendable {
  /// The model's shape.
  package let configuration: ModelConfiguration
  /// The token embeddings: (vocabulary, width).
  let embedding: Matrix
  /// The layers, lowest first.
  let layers: [DecoderLayer]
  /// The layers' weights as the forward pass reads them.
  let packedLayers: [PackedLayer]
  /// The language-model head as the forward pass reads it.
  let packedHead: PackedWeights
  /// The norm before the heads: (1, width).
  let finalNorm: Matrix
  /// The language-model head where it is not the embedding: (vocabulary, width).
  let untiedHead: Matrix?
  /// The rotary angles of all positions.
  let rotary: RotaryTable

  /// Puts a model together.
  init(
    configuration: ModelConfiguration,
    embedding: Matrix,
    layers: [DecoderLayer],
    finalNorm: Matrix,
    untiedHead: Matrix?
  ) {
    self.configuration = configuration
    self.embedding = embedding
    self.layers = layers
    packedLayers = PackedLayer.pack(layers, configuration)
    packedHead = PackedWeights((untiedHead ?? embedding).tile)
    self.finalNorm = finalNorm
    self.untiedHead = untiedHead
    rotary = RotaryTable(
      positionCount: configuration.contextLength,
      headWidth: configuration.headWidth,
      base: configuration.ropeTheta
    )
  }

  /// Makes a copy of a model with other layers.
  init(_ other: LanguageModel, layers: [DecoderLayer], packedLayers: [PackedLayer]) {
    configuration = other.configuration
    embedding = other.embedding
    self.layers = layers
    self.packedLayers = packedLayers
    packedHead = other.packedHead
    finalNorm = other.finalNorm
    untiedHead = other.untiedHead
    rotary = other.rotary
  }

  /// The language-model head: (vocabulary, width).
  var head: Matrix { untiedHead ?? embedding }

  /// The constant under the root of the norms.
  var epsilon: Float { Float(configuration.rmsNormEpsilon) }
}

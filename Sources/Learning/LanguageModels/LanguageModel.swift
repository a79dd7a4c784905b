internal import ModelFiles
package import Tensors

/// A decoder with fixed weights; safe to share between threads.
///
/// Weights never change: adapters are applied beside them in training and merged into copies for
/// generation. Batches are packed (`PackedBatch`); rows of every matrix are tokens.
package final class LanguageModel: Sendable {
  /// The model's shape.
  package let configuration: ModelConfiguration
  /// The token embeddings: (vocabulary, width).
  let embedding: Matrix
  /// The rows added to the embeddings by position, in families that learn them: (context, width).
  let positionEmbedding: Matrix?
  /// The layers, lowest first.
  let layers: [DecoderLayer]
  /// The layers' weights as the forward pass reads them.
  let packedLayers: [PackedLayer]
  /// The language-model head as the forward pass reads it.
  let packedHead: PackedWeights
  /// The norm before the heads: (1, width).
  let finalNorm: Matrix
  /// Its bias, in families that have one: (1, width).
  let finalNormBias: Matrix?
  /// The language-model head where it is not the embedding: (vocabulary, width).
  let untiedHead: Matrix?
  /// The rotary angles of all positions; `nil` in families that learn positions.
  let rotary: RotaryTable?
  /// The rotary angles of the layers with a window, where they have their own base.
  let localRotary: RotaryTable?

  /// Puts a model together.
  init(
    configuration: ModelConfiguration,
    embedding: Matrix,
    positionEmbedding: Matrix? = nil,
    layers: [DecoderLayer],
    finalNorm: Matrix,
    finalNormBias: Matrix? = nil,
    untiedHead: Matrix?
  ) {
    self.configuration = configuration
    self.embedding = embedding
    self.positionEmbedding = positionEmbedding
    self.layers = layers
    packedLayers = PackedLayer.pack(layers, configuration)
    packedHead = PackedWeights((untiedHead ?? embedding).tile)
    self.finalNorm = finalNorm
    self.finalNormBias = finalNormBias
    self.untiedHead = untiedHead
    let table = { (base: Double, divisors: [Double]) in
      RotaryTable(
        positionCount: configuration.contextLength,
        headWidth: configuration.headWidth,
        base: base,
        divisors: divisors
      )
    }
    let traits = configuration.traits
    let divisors = traits.rotaryScaling.divisors(
      headWidth: configuration.headWidth,
      base: configuration.ropeTheta
    )
    rotary = traits.learnsPositions ? nil : table(configuration.ropeTheta, divisors)
    localRotary = traits.localRotaryBase.map { table($0, []) }
  }

  /// Makes a copy of a model with other layers.
  init(_ other: LanguageModel, layers: [DecoderLayer], packedLayers: [PackedLayer]) {
    configuration = other.configuration
    embedding = other.embedding
    positionEmbedding = other.positionEmbedding
    self.layers = layers
    self.packedLayers = packedLayers
    packedHead = other.packedHead
    finalNorm = other.finalNorm
    finalNormBias = other.finalNormBias
    untiedHead = other.untiedHead
    rotary = other.rotary
    localRotary = other.localRotary
  }

  /// Makes a copy of a model with other weights, whose memory it shares where it does not pack them.
  ///
  /// - Parameters:
  ///   - other: gives everything but weights.
  ///   - weights: of the names and shapes of `other.parameters`.
  package init(_ other: LanguageModel, weights: ParameterSet) {
    precondition(weights.matches(other.parameters), "these are weights of another model")
    let configuration = other.configuration
    let matrix = { (name: WeightName) -> Matrix? in weights[name.text] }
    func table(_ name: WeightName, _ old: Matrix) -> Matrix { matrix(name) ?? old }
    self.configuration = configuration
    embedding = table(.embedding, other.embedding)
    positionEmbedding = matrix(.positions)
    layers = other.layers.indices.map { layer in
      DecoderLayer(LayerSlot.allCases.map { matrix(.layer(layer, $0)) })
    }
    packedLayers = PackedLayer.pack(layers, configuration)
    finalNorm = table(.finalNorm, other.finalNorm)
    finalNormBias = matrix(.finalNormBias)
    untiedHead = matrix(.head)
    packedHead = PackedWeights((untiedHead ?? embedding).tile)
    rotary = other.rotary
    localRotary = other.localRotary
  }

  /// The language-model head: (vocabulary, width).
  var head: Matrix { untiedHead ?? embedding }

  /// The norm of the model's family.
  var norm: Norm {
    Norm(kind: configuration.traits.norm, epsilon: Float(configuration.normEpsilon))
  }

  /// The weights of the norm before the heads.
  var finalNormWeights: NormWeights {
    NormWeights(weight: finalNorm.tile, bias: finalNormBias?.tile)
  }

  /// The rotary angles of a layer; `nil` in families that learn positions.
  func rotaryTable(_ layer: Int) -> RotaryTable? {
    configuration.traits.isLocal(layer: layer) ? localRotary : rotary
  }

  /// Fills the residual stream entering layer 0.
  ///
  /// - Parameters:
  ///   - tokens: one for each row.
  ///   - positions: each token's place in its sequence.
  ///   - x: (rows, width).
  func embed(_ tokens: some Collection<Int32>, positions: [Int32], into x: Tile) {
    x.gather(tokens.map { Int($0) }, from: embedding.tile)
    if let scale = configuration.traits.embeddingScale { x.scale(by: Float(scale)) }
    if let positionEmbedding {
      x.addRows(positions.map { Int($0) }, of: positionEmbedding.tile)
    }
  }
}

internal import ModelFiles
package import Tensors

/// A decoder with fixed weights; safe to share between threads.
///
/// Weights never change: adapters are applied beside them. They are in memory once, packed for
/// products in either direction. Batches are packed (`PackedBatch`); rows of every matrix are tokens.
package final class LanguageModel: Sendable {
  /// The model's shape.
  package let configuration: ModelConfiguration
  /// What the maps, the embeddings and the head are kept in.
  package let format: WeightFormat
  /// The token embeddings: (vocabulary, width).
  let embedding: PackedWeights
  /// The rows added to the embeddings by position, in families that learn them: (context, width).
  let positionEmbedding: Matrix?
  /// The layers, lowest first.
  let layers: [PackedLayer]
  /// The norm before the heads: (1, width).
  let finalNorm: Matrix
  /// Its bias, in families that have one: (1, width).
  let finalNormBias: Matrix?
  /// The language-model head where it is not the embedding: (vocabulary, width).
  let untiedHead: PackedWeights?
  /// The rotary angles of all positions; `nil` in families that learn positions.
  let rotary: RotaryTable?
  /// The rotary angles of the layers with a window, where they have their own base.
  let localRotary: RotaryTable?

  /// Puts a model together.
  init(
    configuration: ModelConfiguration,
    format: WeightFormat,
    embedding: PackedWeights,
    positionEmbedding: Matrix? = nil,
    layers: [PackedLayer],
    finalNorm: Matrix,
    finalNormBias: Matrix? = nil,
    untiedHead: PackedWeights?
  ) {
    self.configuration = configuration
    self.format = format
    self.embedding = embedding
    self.positionEmbedding = positionEmbedding
    self.layers = layers
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

  /// Makes a copy of a model with other weights; it shares the memory of those it does not pack.
  ///
  /// - Parameters:
  ///   - other: gives everything but weights.
  ///   - weights: of the names and shapes of `other.parameters`.
  package init(_ other: LanguageModel, weights: ParameterSet) {
    precondition(other.accepts(weights), "these are weights of another model")
    let (configuration, format) = (other.configuration, other.format)
    let matrix = { (name: WeightName) -> Matrix? in weights[name.text] }
    let pack = { (name: WeightName) in matrix(name).map { PackedWeights($0.tile, format) } }
    self.configuration = configuration
    self.format = format
    embedding = pack(.embedding) ?? other.embedding
    positionEmbedding = matrix(.positions)
    layers = PackedLayer.packing(count: other.layers.count, configuration, format) { layer in
      DecoderLayer(LayerSlot.allCases.map { matrix(.layer(layer, $0)) })
    }
    finalNorm = matrix(.finalNorm) ?? other.finalNorm
    finalNormBias = matrix(.finalNormBias)
    untiedHead = pack(.head)
    rotary = other.rotary
    localRotary = other.localRotary
  }

  /// The language-model head: (vocabulary, width).
  var head: PackedWeights { untiedHead ?? embedding }

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
    embedding.copyRows(tokens.map { Int($0) }, into: x)
    if let scale = configuration.traits.embeddingScale { x.scale(by: Float(scale)) }
    if let positionEmbedding {
      x.addRows(positions.map { Int($0) }, of: positionEmbedding.tile)
    }
  }
}

/// The shape of a model, from `config.json` or from GGUF keys.
package struct ModelMetadata: Sendable, Equatable {
  /// The family, which says how its checkpoints look.
  package var family: ModelFamily
  /// What its decoder computes beyond plain layers.
  package var traits: DecoderTraits
  /// A free name for people; empty when the file has none.
  package var name: String
  /// The number of transformer blocks.
  package var layerCount: Int
  /// The width of the residual stream.
  package var width: Int
  /// The number of query heads.
  package var headCount: Int
  /// The number of key and value heads; it divides `headCount`.
  package var keyValueHeadCount: Int
  /// The width of one head.
  package var headWidth: Int
  /// The inner width of the feed-forward layer.
  package var feedForwardWidth: Int
  /// The number of token ids.
  package var vocabularySize: Int
  /// The longest sequence the model was made for, in tokens.
  package var contextLength: Int
  /// The base of the rotary frequencies.
  package var ropeTheta: Double
  /// The constant under the root of the norms.
  package var normEpsilon: Double
  /// Whether the language-model head is the embedding matrix.
  package var tiesEmbeddings: Bool
  /// The token that opens a sequence, where the model has one.
  package var bosTokenID: Int32?
  /// The tokens that end a generation.
  package var eosTokenIDs: [Int32]
  /// The token for padding, where the model has one.
  package var padTokenID: Int32?

  /// Makes a description from its parts.
  package init(
    family: ModelFamily = .llama,
    traits: DecoderTraits = DecoderTraits(),
    name: String = "",
    layerCount: Int,
    width: Int,
    headCount: Int,
    keyValueHeadCount: Int,
    headWidth: Int,
    feedForwardWidth: Int,
    vocabularySize: Int,
    contextLength: Int,
    ropeTheta: Double,
    normEpsilon: Double,
    tiesEmbeddings: Bool,
    bosTokenID: Int32? = nil,
    eosTokenIDs: [Int32] = [],
    padTokenID: Int32? = nil
  ) {
    self.family = family
    self.traits = traits
    self.name = name
    self.layerCount = layerCount
    self.width = width
    self.headCount = headCount
    self.keyValueHeadCount = keyValueHeadCount
    self.headWidth = headWidth
    self.feedForwardWidth = feedForwardWidth
    self.vocabularySize = vocabularySize
    self.contextLength = contextLength
    self.ropeTheta = ropeTheta
    self.normEpsilon = normEpsilon
    self.tiesEmbeddings = tiesEmbeddings
    self.bosTokenID = bosTokenID
    self.eosTokenIDs = eosTokenIDs
    self.padTokenID = padTokenID
  }

  /// The widths that the shapes in a layer are made of.
  package var widths: LayerWidths {
    LayerWidths(
      width: width,
      head: headWidth,
      query: headCount * headWidth,
      key: keyValueHeadCount * headWidth,
      feedForward: feedForwardWidth
    )
  }
}

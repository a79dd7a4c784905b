package import ModelFiles

/// The shape and constants of a decoder.
package struct ModelConfiguration: Sendable, Equatable {
  /// The number of layers.
  package var layerCount: Int
  /// The width of the residual stream.
  package var width: Int
  /// The number of query heads.
  package var headCount: Int
  /// The number of key-value heads; each serves `headCount / keyValueHeadCount` query heads.
  package var keyValueHeadCount: Int
  /// The width of one head.
  package var headWidth: Int
  /// The width between the two halves of the feed-forward layer.
  package var feedForwardWidth: Int
  /// The number of token ids.
  package var vocabularySize: Int
  /// The longest sequence, in tokens.
  package var contextLength: Int
  /// The base of the rotary frequencies.
  package var ropeTheta: Double
  /// The constant under the root of the norms.
  package var normEpsilon: Double
  /// Whether the language-model head is the embedding matrix.
  package var tiesEmbeddings: Bool
  /// The family, which names the weights.
  package var family: ModelFamily
  /// What the decoder computes beyond plain layers.
  package var traits: DecoderTraits

  /// Makes a configuration from its parts.
  package init(
    layerCount: Int,
    width: Int,
    headCount: Int,
    keyValueHeadCount: Int,
    headWidth: Int,
    feedForwardWidth: Int,
    vocabularySize: Int,
    contextLength: Int,
    ropeTheta: Double = 10_000,
    normEpsilon: Double = 1e-5,
    tiesEmbeddings: Bool = true,
    family: ModelFamily = .llama,
    traits: DecoderTraits = DecoderTraits()
  ) {
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
    self.family = family
    self.traits = traits
  }

  /// A model of a few thousand parameters, for tests.
  package static let tiny = ModelConfiguration(
    layerCount: 3,
    width: 24,
    headCount: 4,
    keyValueHeadCount: 2,
    headWidth: 6,
    feedForwardWidth: 40,
    vocabularySize: 50,
    contextLength: 128
  )

  /// The width of all query heads together.
  package var queryWidth: Int { headCount * headWidth }

  /// The width of all key heads, or all value heads, together.
  package var keyWidth: Int { keyValueHeadCount * headWidth }

  /// The width of gate and up together, or of up alone where there is no gate.
  package var gateUpWidth: Int { (traits.feedForward.isGated ? 2 : 1) * feedForwardWidth }

  /// What attention scores are multiplied by.
  package var attentionScale: Float {
    traits.attentionScale.map { Float($0) } ?? 1 / Float(headWidth).squareRoot()
  }

  /// The widths that the shapes in a layer are made of.
  var widths: LayerWidths {
    LayerWidths(
      width: width,
      head: headWidth,
      query: queryWidth,
      key: keyWidth,
      feedForward: feedForwardWidth
    )
  }
}

extension ModelConfiguration {
  /// Takes over what a model file says of itself.
  init(_ metadata: ModelMetadata) {
    self.init(
      layerCount: metadata.layerCount,
      width: metadata.width,
      headCount: metadata.headCount,
      keyValueHeadCount: metadata.keyValueHeadCount,
      headWidth: metadata.headWidth,
      feedForwardWidth: metadata.feedForwardWidth,
      vocabularySize: metadata.vocabularySize,
      contextLength: metadata.contextLength,
      ropeTheta: metadata.ropeTheta,
      normEpsilon: metadata.normEpsilon,
      tiesEmbeddings: metadata.tiesEmbeddings,
      family: metadata.family,
      traits: metadata.traits
    )
  }
}

internal import ModelFiles

/// The shape and constants of a decoder of the Llama family.
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
  /// The constant under the root of RMS normalisation.
  package var rmsNormEpsilon: Double
  /// Whether the language-model head is the embedding matrix.
  package var tiesEmbeddings: Bool
  /// Whether queries, keys and values have biases (Qwen2).
  package var hasAttentionBias: Bool

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
    rmsNormEpsilon: Double = 1e-5,
    tiesEmbeddings: Bool = true,
    hasAttentionBias: Bool = false
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
    self.rmsNormEpsilon = rmsNormEpsilon
    self.tiesEmbeddings = tiesEmbeddings
    self.hasAttentionBias = hasAttentionBias
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
}

extension ModelConfiguration {
  /// Takes over what a model file says of itself.
  init(_ metadata: ModelMetadata, hasAttentionBias: Bool) {
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
      rmsNormEpsilon: metadata.rmsNormEpsilon,
      tiesEmbeddings: metadata.tiesEmbeddings,
      hasAttentionBias: hasAttentionBias
    )
  }
}

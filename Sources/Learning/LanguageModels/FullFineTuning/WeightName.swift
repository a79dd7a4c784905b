/// What a weight is called among a model's parameters, which lie as the products read them: maps of
/// one input are one matrix.
enum WeightName: Hashable, Sendable {
  /// The token embeddings, which are the head too where the model ties them.
  case embedding
  /// The learned positions.
  case positions
  /// A matrix of a layer.
  case layer(Int, LayerSlot)
  /// The norm before the heads.
  case finalNorm
  /// Its bias.
  case finalNormBias
  /// The language-model head where it is not the embedding.
  case head

  /// The name in a `ParameterSet`.
  var text: String {
    switch self {
    case .embedding: "embedding"
    case .positions: "positions"
    case .layer(let index, let slot): "layers.\(index).\(slot)"
    case .finalNorm: "finalNorm"
    case .finalNormBias: "finalNormBias"
    case .head: "head"
    }
  }

  /// Whether weight decay is for it: maps and heads decay; norms, biases and embeddings, the tied
  /// head among them, do not.
  ///
  /// - Source: as in minGPT's `configure_optimizers`, and in `transformers.Trainer` but for the
  ///   embeddings.
  var decays: Bool {
    switch self {
    case .layer(_, let slot): slot.isMap
    case .head: true
    case .embedding, .positions, .finalNorm, .finalNormBias: false
    }
  }
}

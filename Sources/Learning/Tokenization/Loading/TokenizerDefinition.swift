/// What a file says about a tokenizer, before it is checked and made ready for use.
struct TokenizerDefinition {
  /// The file it came from, for messages.
  var file: String
  /// The vocabulary's texts by id; `nil` for ids that stand for nothing.
  var tokens: [String?] = []
  /// The merges in order of rank, each as two texts of the vocabulary.
  var merges: [(left: Substring, right: Substring)] = []
  /// The added tokens.
  var added: [Added] = []
  /// What is done to texts first.
  var normalizer = Normalizer()
  /// What texts are cut into.
  var symbols = Symbols.bytes(.gpt2)
  /// Whether a word that is in the vocabulary is taken whole.
  var ignoresMerges = false
  /// Whether there must be a token for every byte.
  var needsAllBytes = false
  /// Whether one space at the beginning of a decoded text is left out.
  var stripsFirstSpace = false
  /// The tokens that the model's own tokenizer puts before every text.
  var prefixTokenIDs: [Int32] = []
  /// The token that opens a sequence.
  var bosTokenID: Int32?
  /// The tokens that end a generation.
  var eosTokenIDs: [Int32] = []
  /// The token for padding.
  var padTokenID: Int32?
  /// The chat template's source.
  var chatTemplate: String?

  /// A token that is found whole in texts.
  struct Added {
    /// Its id.
    var id: Int
    /// Whether it is a control token.
    var isSpecial: Bool
    /// Whether it is looked for in the normalised text instead of the raw one.
    var isNormalized = false
  }

  /// The smallest parts of a text that are merged.
  enum Symbols: Equatable {
    /// Bytes, in words cut by a pattern.
    case bytes(PreTokenizer)
    /// Code points, as SentencePiece does it; what has no token is written in bytes. Spaces are marked
    /// by the normalizer or, where there is one, by this step.
    case codePoints(Metaspace?)
  }

  /// Whether texts are merged from code points and not from bytes.
  var isPieces: Bool { if case .codePoints = symbols { true } else { false } }
}

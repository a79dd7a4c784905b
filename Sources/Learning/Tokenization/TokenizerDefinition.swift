/// What a file says about a tokenizer, before it is checked and made ready for use.
struct TokenizerDefinition {
  /// The file it came from, for messages.
  var file: String
  /// The vocabulary's texts by id; `nil` for ids that stand for nothing.
  var tokens: [String?] = []
  /// The merges in order of rank, each as two texts of the vocabulary.
  var merges: [(left: Substring, right: Substring)] = []
  /// The ids of added tokens, and whether each is a control token.
  var added: [(id: Int, isSpecial: Bool)] = []
  /// How texts are cut into words.
  var preTokenizer = PreTokenizer.gpt2
  /// Whether a word that is in the vocabulary is taken whole.
  var ignoresMerges = false
  /// Whether there must be a token for every byte.
  var needsAllBytes = false
  /// The token that opens a sequence.
  var bosTokenID: Int32?
  /// The tokens that end a generation.
  var eosTokenIDs: [Int32] = []
  /// The token for padding.
  var padTokenID: Int32?
  /// The chat template's source.
  var chatTemplate: String?
}

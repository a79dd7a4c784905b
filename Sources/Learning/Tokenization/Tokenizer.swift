/// A byte-pair tokenizer that gives the same ids as the reference (`tokenizers`).
///
/// It merges bytes (GPT-2, Llama 3, Qwen2, SmolLM2) or code points (SentencePiece: Llama 2, Mistral,
/// Gemma). It is immutable, so any number of tasks may use one at once.
package final class Tokenizer: Sendable {
  /// The file the tokenizer came from, for messages.
  package let file: String
  /// The number of token ids.
  package let vocabularySize: Int
  /// The token that opens a sequence, where the model has one.
  package let bosTokenID: Int32?
  /// The tokens that end a generation.
  package let eosTokenIDs: [Int32]
  /// The token for padding, where the model has one.
  package let padTokenID: Int32?
  /// The tokens that the model's own tokenizer puts before every text that is no conversation.
  ///
  /// `encode` does not: texts are put together from parts, and chat templates say what comes first.
  package let prefixTokenIDs: [Int32]
  /// The source of the model's chat template, where it has one.
  package let chatTemplateSource: String?

  /// The bytes of each token; empty for ids that stand for nothing.
  private let tokenBytes: [[UInt8]]
  private let specialIDs: Set<Int32>
  private let specialIDsByText: [[UInt8]: Int32]
  /// Tokens for single bytes that stand beside those for code points.
  private let fallbackIDs: Set<Int32>
  /// Whether one space at the beginning of a decoded text is left out.
  let stripsFirstSpace: Bool
  /// Tokens that are found in raw texts, and those that are found in normalised texts.
  let added: AddedTokens
  let addedNormalized: AddedTokens
  let normalizer: Normalizer
  let symbols: TokenizerDefinition.Symbols
  /// The token of each single byte; -1 where the vocabulary has none.
  let byteTokens: [Int32]
  /// The tokens of single code points.
  let scalarTokens: [UInt32: Int32]
  let merges: PairTable
  /// Whole words, when they are taken before merging.
  let wholeWords: [[UInt8]: Int32]

  /// Checks a definition and prepares it.
  init(_ definition: TokenizerDefinition) throws(TokenizationError) {
    let file = definition.file
    self.file = file
    vocabularySize = definition.tokens.count
    chatTemplateSource = definition.chatTemplate
    bosTokenID = definition.bosTokenID
    eosTokenIDs = definition.eosTokenIDs
    padTokenID = definition.padTokenID
    prefixTokenIDs = definition.prefixTokenIDs
    for id in [bosTokenID, padTokenID].compactMap({ $0 }) + eosTokenIDs + prefixTokenIDs
    where !definition.tokens.indices.contains(Int(id)) {
      throw .malformed(file: file, detail: "the special id \(id) is outside the vocabulary")
    }
    let found = try Self.addedTokens(definition)
    added = AddedTokens(found.raw)
    addedNormalized = AddedTokens(found.normalized)
    var specials: [[UInt8]: Int32] = [:]
    for entry in definition.added where entry.isSpecial {
      specials[Array((definition.tokens[entry.id] ?? "").utf8)] = Int32(
        truncatingIfNeeded: entry.id
      )
    }
    specialIDs = Set(specials.values)
    specialIDsByText = specials
    let vocabulary = try Vocabulary(definition)
    tokenBytes = vocabulary.bytes
    byteTokens = vocabulary.byteTokens
    scalarTokens = vocabulary.scalarTokens
    fallbackIDs = definition.isPieces ? vocabulary.fallbackIDs : []
    merges = try vocabulary.pairTable(definition)
    wholeWords = definition.ignoresMerges ? vocabulary.idsByBytes : [:]
    normalizer = definition.normalizer
    symbols = definition.symbols
    stripsFirstSpace = definition.stripsFirstSpace
  }

  private static func addedTokens(
    _ definition: TokenizerDefinition
  ) throws(TokenizationError) -> (raw: [AddedTokens.Token], normalized: [AddedTokens.Token]) {
    var raw: [AddedTokens.Token] = []
    var normalized: [AddedTokens.Token] = []
    var idsByText: [[UInt8]: Int] = [:]
    for entry in definition.added {
      let id = entry.id
      guard definition.tokens.indices.contains(id), let text = definition.tokens[id] else {
        throw .malformed(
          file: definition.file,
          detail: "the added token \(id) is outside the vocabulary"
        )
      }
      var bytes = Array(text.utf8)
      if let other = idsByText.updateValue(id, forKey: bytes), other != id {
        throw .malformed(
          file: definition.file,
          detail: "the added tokens \(other) and \(id) are the same"
        )
      }
      // The reference normalises such a token's text as it does any other.
      if entry.isNormalized { bytes = definition.normalizer.apply(bytes.span) }
      let token = AddedTokens.Token(
        bytes: bytes,
        id: Int32(truncatingIfNeeded: id),
        isSpecial: entry.isSpecial
      )
      if entry.isNormalized { normalized.append(token) } else { raw.append(token) }
    }
    return (raw, normalized)
  }

  /// The text of ids; ids outside the vocabulary are left out and broken UTF-8 becomes U+FFFD.
  ///
  /// - Parameters:
  ///   - ids: token ids.
  ///   - skipSpecial: whether control tokens are left out.
  /// - Returns: the text.
  package func decode(_ ids: some Sequence<Int32>, skipSpecial: Bool = false) -> String {
    var decoder = IncrementalDecoder(self, skipSpecial: skipSpecial)
    var text = ""
    for id in ids { text += decoder.append(id) }
    return text + decoder.finish()
  }

  /// Whether an id is one byte of a text that is otherwise made of code points.
  func isFallback(_ id: Int32) -> Bool { fallbackIDs.contains(id) }

  /// The bytes of one token; empty for an id outside the vocabulary.
  package func bytes(of id: Int32) -> [UInt8] {
    tokenBytes.indices.contains(Int(id)) ? tokenBytes[Int(id)] : []
  }

  /// Whether an id is a control token.
  package func isSpecial(_ id: Int32) -> Bool { specialIDs.contains(id) }

  /// The id of a control token given by its text.
  package func id(ofSpecial text: String) -> Int32? {
    specialIDsByText[Array(text.utf8)]
  }
}

/// A byte-level byte-pair tokenizer that gives the same ids as the reference (`tokenizers`).
///
/// It is immutable, so any number of tasks may use one at once.
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
  /// The source of the model's chat template, where it has one.
  package let chatTemplateSource: String?

  /// The bytes of each token; empty for ids that stand for nothing.
  private let tokenBytes: [[UInt8]]
  /// The token of each single byte; -1 where the vocabulary has none.
  private let byteTokens: [Int32]
  private let merges: PairTable
  private let added: AddedTokens
  private let specialIDs: Set<Int32>
  private let preTokenizer: PreTokenizer
  /// Whole words, when they are taken before merging.
  private let wholeWords: [[UInt8]: Int32]

  /// Checks a definition and prepares it.
  init(_ definition: TokenizerDefinition) throws(TokenizationError) {
    let file = definition.file
    self.file = file
    vocabularySize = definition.tokens.count
    preTokenizer = definition.preTokenizer
    chatTemplateSource = definition.chatTemplate
    bosTokenID = definition.bosTokenID
    eosTokenIDs = definition.eosTokenIDs
    padTokenID = definition.padTokenID
    for id in [bosTokenID, padTokenID].compactMap({ $0 }) + eosTokenIDs
    where !definition.tokens.indices.contains(Int(id)) {
      throw .malformed(file: file, detail: "the special id \(id) is outside the vocabulary")
    }
    var added: [AddedTokens.Token] = []
    var idsByText: [[UInt8]: Int] = [:]
    for (id, isSpecial) in definition.added {
      guard definition.tokens.indices.contains(id), let text = definition.tokens[id] else {
        throw .malformed(file: file, detail: "the added token \(id) is outside the vocabulary")
      }
      if let other = idsByText.updateValue(id, forKey: Array(text.utf8)), other != id {
        throw .malformed(file: file, detail: "the added tokens \(other) and \(id) are the same")
      }
      added.append(
        AddedTokens.Token(
          bytes: Array(text.utf8),
          id: Int32(truncatingIfNeeded: id),
          isSpecial: isSpecial
        )
      )
    }
    self.added = AddedTokens(added)
    specialIDs = Set(added.lazy.filter(\.isSpecial).map(\.id))
    let vocabulary = try Vocabulary(definition)
    tokenBytes = vocabulary.bytes
    byteTokens = vocabulary.byteTokens
    merges = try vocabulary.pairTable(definition)
    wholeWords = definition.ignoresMerges ? vocabulary.idsByBytes : [:]
  }

  /// The ids of a text.
  ///
  /// - Parameters:
  ///   - text: any text.
  ///   - allowSpecial: whether the texts of control tokens (such as `<|im_end|>`) become those
  ///     tokens, as the reference does; texts from strangers should not be allowed to.
  /// - Returns: the ids, without any token before or after the text's own.
  /// - Complexity: O(n log n) in the length of the longest word, linear otherwise.
  package func encode(_ text: String, allowSpecial: Bool = true) -> [Int32] {
    encode(text, allowSpecial: allowSpecial, continuesText: false)
  }

  /// The ids of a text that may follow another, as the turns of a conversation do.
  func encode(_ text: String, allowSpecial: Bool, continuesText: Bool) -> [Int32] {
    let bytes = text.utf8Span.span
    var output: [Int32] = []
    output.reserveCapacity(bytes.count / 3)
    var merger = BytePairMerger()
    var start = 0
    while start < bytes.count {
      let match = added.first(in: bytes, from: start, allowSpecial: allowSpecial)
      let end = match?.offset ?? bytes.count
      preTokenizer.forEachWord(in: bytes, start..<end) { word in
        appendWord(bytes.extracting(word), with: &merger, to: &output)
      }
      if let match { output.append(match.token.id) }
      start = end + (match?.token.bytes.count ?? 0)
    }
    return output
  }

  private func appendWord(
    _ word: Span<UInt8>,
    with merger: inout BytePairMerger,
    to output: inout [Int32]
  ) {
    if !wholeWords.isEmpty, let whole = wholeWords[word.indices.map { word[$0] }] {
      output.append(whole)
      return
    }
    merger.append(word, byteTokens: byteTokens, merges: merges, to: &output)
  }

  /// The text of ids; ids outside the vocabulary are left out and broken UTF-8 becomes U+FFFD.
  ///
  /// - Parameters:
  ///   - ids: token ids.
  ///   - skipSpecial: whether control tokens are left out.
  /// - Returns: the text.
  package func decode(_ ids: some Sequence<Int32>, skipSpecial: Bool = false) -> String {
    var bytes: [UInt8] = []
    for id in ids where !(skipSpecial && isSpecial(id)) { bytes += self.bytes(of: id) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The bytes of one token; empty for an id outside the vocabulary.
  package func bytes(of id: Int32) -> [UInt8] {
    tokenBytes.indices.contains(Int(id)) ? tokenBytes[Int(id)] : []
  }

  /// Whether an id is a control token.
  package func isSpecial(_ id: Int32) -> Bool { specialIDs.contains(id) }

  /// The id of a control token given by its text.
  package func id(ofSpecial text: String) -> Int32? {
    added.all.first { $0.isSpecial && $0.bytes.elementsEqual(text.utf8) }?.id
  }
}

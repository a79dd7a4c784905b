/// The tables that follow from a tokenizer's texts and merges.
struct Vocabulary {
  /// The bytes of each token; empty for ids that stand for nothing.
  let bytes: [[UInt8]]
  /// The ids by bytes, of the entries that merges and words can give.
  let idsByBytes: [[UInt8]: Int32]
  /// The token of each single byte; -1 where there is none.
  let byteTokens: [Int32]
  /// The ids of tokens that stand for single bytes beside those for code points (`<0x0A>`).
  let fallbackIDs: Set<Int32>
  /// The tokens of single code points; empty for byte-level vocabularies.
  let scalarTokens: [UInt32: Int32]

  /// Builds the tables; two entries with the same bytes are refused.
  init(_ definition: TokenizerDefinition) throws(TokenizationError) {
    guard definition.tokens.count <= Int(Int32.max) else {
      throw .malformed(file: definition.file, detail: "it has more ids than 32 bits can name")
    }
    let isPieces = definition.isPieces
    let addedIDs = Set(definition.added.map(\.id))
    var bytes: [[UInt8]] = []
    bytes.reserveCapacity(definition.tokens.count)
    var idsByBytes: [[UInt8]: Int32] = [:]
    idsByBytes.reserveCapacity(definition.tokens.count)
    var fallback: [UInt8: Int32] = [:]
    var scalarTokens: [UInt32: Int32] = [:]
    for (id, token) in definition.tokens.enumerated() {
      guard let token else {
        bytes.append([])
        continue
      }
      let id = Int32(truncatingIfNeeded: id)
      let isAdded = addedIDs.contains(Int(id))
      let key = isAdded || isPieces ? Array(token.utf8) : ByteAlphabet.bytes(of: token)
      if isPieces, let byte = Self.byte(of: token) {
        bytes.append([byte])
        // Bytes are written with upper-case digits; others are only read.
        if Self.fallbackName(byte) == token { fallback[byte] = id }
      } else {
        bytes.append(isPieces ? Metaspace.unmarked(key) : key)
        if isPieces, token.unicodeScalars.count == 1, let scalar = token.unicodeScalars.first {
          scalarTokens[scalar.value] = id
        }
      }
      // The reference finds added tokens of a SentencePiece vocabulary by their texts, too.
      if isAdded, !isPieces { continue }
      if let other = idsByBytes.updateValue(id, forKey: key) {
        throw .malformed(
          file: definition.file,
          detail: "the tokens \(other) and \(id) are the same"
        )
      }
    }
    // Added tokens are found whole in the text; a merge may still end in one.
    for added in definition.added where idsByBytes[bytes[added.id]] == nil {
      idsByBytes[bytes[added.id]] = Int32(truncatingIfNeeded: added.id)
    }
    self.bytes = bytes
    self.idsByBytes = idsByBytes
    self.scalarTokens = scalarTokens
    fallbackIDs = Set(fallback.values)
    byteTokens = (0..<256).map { value in
      let byte = UInt8(truncatingIfNeeded: value)
      return (isPieces ? fallback[byte] : idsByBytes[[byte]]) ?? -1
    }
    if definition.needsAllBytes || isPieces, let missing = byteTokens.firstIndex(of: -1) {
      throw .unsupported(
        file: definition.file,
        detail: "it has no token for byte \(missing) but an unknown token"
      )
    }
  }

  /// The byte that a token such as `<0x0A>` stands for.
  private static func byte(of token: String) -> UInt8? {
    guard token.utf8.count == 6, token.hasPrefix("<0x"), token.hasSuffix(">") else { return nil }
    let digits = token.dropFirst(3).dropLast()
    return digits.utf8.count == 2 ? UInt8(digits, radix: 16) : nil
  }

  private static func fallbackName(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x" + (digits.utf8.count < 2 ? "0" : "") + digits + ">"
  }

  /// The merges as a table over ids.
  func pairTable(_ definition: TokenizerDefinition) throws(TokenizationError) -> PairTable {
    var table = PairTable(count: definition.merges.count)
    for (rank, merge) in definition.merges.enumerated() {
      let left = key(merge.left, definition)
      let right = key(merge.right, definition)
      guard let leftID = idsByBytes[left], let rightID = idsByBytes[right],
        let token = idsByBytes[left + right]
      else {
        throw .malformed(
          file: definition.file,
          detail: "merge \(rank) (\(merge.left) \(merge.right)) uses a token outside the vocabulary"
        )
      }
      table.insert(
        leftID,
        rightID,
        PairTable.Merge(rank: UInt32(truncatingIfNeeded: rank), token: token)
      )
    }
    return table
  }

  private func key(_ text: Substring, _ definition: TokenizerDefinition) -> [UInt8] {
    definition.isPieces ? Array(text.utf8) : ByteAlphabet.bytes(of: String(text))
  }
}

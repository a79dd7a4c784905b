/// The tables that follow from a tokenizer's texts and merges.
struct Vocabulary {
  /// The bytes of each token; empty for ids that stand for nothing.
  let bytes: [[UInt8]]
  /// The ids by bytes, of the entries that merges and words can give.
  let idsByBytes: [[UInt8]: Int32]
  /// The token of each single byte; -1 where there is none.
  let byteTokens: [Int32]

  /// Builds the tables; two entries with the same bytes are refused.
  init(_ definition: TokenizerDefinition) throws(TokenizationError) {
    guard definition.tokens.count <= Int(Int32.max) else {
      throw .malformed(file: definition.file, detail: "it has more ids than 32 bits can name")
    }
    let addedIDs = Set(definition.added.map(\.id))
    var bytes: [[UInt8]] = []
    bytes.reserveCapacity(definition.tokens.count)
    var idsByBytes: [[UInt8]: Int32] = [:]
    idsByBytes.reserveCapacity(definition.tokens.count)
    for (id, token) in definition.tokens.enumerated() {
      guard let token else {
        bytes.append([])
        continue
      }
      let isAdded = addedIDs.contains(id)
      bytes.append(isAdded ? Array(token.utf8) : ByteAlphabet.bytes(of: token))
      if isAdded { continue }
      let other = idsByBytes.updateValue(Int32(truncatingIfNeeded: id), forKey: bytes[id])
      if let other {
        throw .malformed(
          file: definition.file,
          detail: "the tokens \(other) and \(id) are the same"
        )
      }
    }
    // Added tokens are found whole in the text; a merge may still end in one.
    for (id, _) in definition.added where idsByBytes[bytes[id]] == nil {
      idsByBytes[bytes[id]] = Int32(truncatingIfNeeded: id)
    }
    self.bytes = bytes
    self.idsByBytes = idsByBytes
    byteTokens = (0..<256).map { idsByBytes[[UInt8(truncatingIfNeeded: $0)]] ?? -1 }
    if definition.needsAllBytes, let missing = byteTokens.firstIndex(of: -1) {
      throw .unsupported(
        file: definition.file,
        detail: "it has no token for byte \(missing) but an unknown token"
      )
    }
  }

  /// The merges as a table over ids.
  func pairTable(_ definition: TokenizerDefinition) throws(TokenizationError) -> PairTable {
    var table = PairTable(count: definition.merges.count)
    for (rank, merge) in definition.merges.enumerated() {
      let left = ByteAlphabet.bytes(of: String(merge.left))
      let right = ByteAlphabet.bytes(of: String(merge.right))
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
}

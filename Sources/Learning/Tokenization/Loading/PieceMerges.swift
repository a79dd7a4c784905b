/// The merges of a SentencePiece BPE vocabulary, which keeps only pieces and their scores.
enum PieceMerges {
  /// The merges in order of rank.
  ///
  /// Every way to cut a piece into two pieces is a merge. Those of higher scores come first, then those
  /// with the longer left part, then the longer right part, as `transformers` converts such models.
  ///
  /// - Parameters:
  ///   - tokens: the texts by id.
  ///   - scores: the scores by id; as many.
  ///   - isPiece: whether an id is an ordinary piece.
  /// - Returns: the two parts of each merge.
  static func ranked(
    _ tokens: [String?],
    scores: [Double],
    isPiece: (Int) -> Bool
  ) -> [(left: Substring, right: Substring)] {
    var pieces: Set<ArraySlice<UInt8>> = []
    var texts: [(id: Int, utf8: [UInt8])] = []
    for (id, token) in tokens.enumerated() where isPiece(id) {
      guard let token, !token.isEmpty else { continue }
      let utf8 = Array(token.utf8)
      pieces.insert(utf8[...])
      texts.append((id, utf8))
    }
    var merges: [Merge] = []
    for (id, utf8) in texts {
      // Code points begin at bytes that continue none.
      let starts = utf8.indices.filter { utf8[$0] & 0xC0 != 0x80 }
      for (index, cut) in starts.enumerated().dropFirst() {
        guard pieces.contains(utf8[..<cut]), pieces.contains(utf8[cut...]) else { continue }
        merges.append(
          Merge(
            score: scores[id],
            leftLength: index,
            rightLength: starts.count - index,
            left: utf8[..<cut],
            right: utf8[cut...]
          )
        )
      }
    }
    // The order of merges that are equal in all three is that of the vocabulary.
    let order = merges.indices.sorted { first, second in
      let (a, b) = (merges[first], merges[second])
      if a.score != b.score { return a.score > b.score }
      if a.leftLength != b.leftLength { return a.leftLength > b.leftLength }
      if a.rightLength != b.rightLength { return a.rightLength > b.rightLength }
      return first < second
    }
    return order.map { index in
      (
        String(decoding: merges[index].left, as: UTF8.self)[...],
        String(decoding: merges[index].right, as: UTF8.self)[...]
      )
    }
  }

  /// One way to cut a piece.
  private struct Merge {
    let score: Double
    /// Lengths in code points.
    let leftLength: Int
    let rightLength: Int
    let left: ArraySlice<UInt8>
    let right: ArraySlice<UInt8>
  }
}

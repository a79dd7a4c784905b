extension Rule {
  /// `(1 - 0.4 r0 - 0.3 r1 - 0.2 r2 - 0.1 r3)²`, the freshness of a text.
  ///
  /// `r0` to `r3` are the shares of words, topic stems, word pairs and word triples that occurred
  /// before in the text. A loop tends to 0; ordinary prose of fifty words has 0.6 to 0.8.
  static func freshness(_ text: TextProfile) -> Double {
    let r0 = repeatedShare(runs(of: 1, in: text.words))
    let r1 = repeatedShare(text.contentStems.map { [$0] })
    let r2 = repeatedShare(runs(of: 2, in: text.words))
    let r3 = repeatedShare(runs(of: 3, in: text.words))
    let fresh = 1 - 0.4 * r0 - 0.3 * r1 - 0.2 * r2 - 0.1 * r3
    return fresh * fresh
  }

  private static func runs(of length: Int, in words: [String]) -> [[String]] {
    guard words.count >= length else { return [] }
    return (0...words.count - length).map { Array(words[$0..<$0 + length]) }
  }

  private static func repeatedShare(_ items: [[String]]) -> Double {
    items.isEmpty ? 0 : 1 - Double(Set(items).count) / Double(items.count)
  }
}

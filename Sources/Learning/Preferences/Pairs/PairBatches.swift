package import Tensors

/// One training step's pairs with the texts that they need, each text once.
package struct PairBatch: Sendable, Equatable {
  /// Indices of texts in the dataset, each once.
  package let texts: [Int]
  /// The pairs as indices into the dataset.
  package let pairs: [Int]
  /// (pairs) positions of the first answers among `texts`.
  package let first: [Int]
  /// (pairs) positions of the second answers among `texts`.
  package let second: [Int]

  /// Collects the texts of some pairs.
  package init(_ dataset: PreferenceDataset, pairs: [Int]) {
    var position: [Int: Int] = [:]
    var texts: [Int] = []
    func place(_ text: Int) -> Int {
      if let known = position[text] { return known }
      position[text] = texts.count
      texts.append(text)
      return texts.count - 1
    }
    var first: [Int] = []
    var second: [Int] = []
    for pair in pairs {
      first.append(place(dataset.pairs[pair].first))
      second.append(place(dataset.pairs[pair].second))
    }
    self.texts = texts
    self.pairs = pairs
    self.first = first
    self.second = second
  }
}

/// Deals pairs into batches, prompt by prompt, so that pairs sharing answers share a step.
package enum PairBatches {
  /// Deals the pairs in an order that depends only on the generator.
  ///
  /// Prompts are shuffled and kept whole where they fit, so that k answers in k(k-1)/2 pairs are
  /// computed k times in a step and not k(k-1) times.
  ///
  /// - Parameters:
  ///   - dataset: the pairs.
  ///   - indices: the pairs to deal.
  ///   - pairCountMax: most pairs a batch, at least one.
  ///   - tokenCounts: (texts) tokens of each text.
  ///   - tokenCountMax: most tokens a batch, unless one pair alone has more.
  ///   - generator: source of the order.
  /// - Returns: the batches; each pair is in exactly one.
  package static func deal(
    _ dataset: PreferenceDataset,
    indices: [Int],
    pairCountMax: Int,
    tokenCounts: [Int],
    tokenCountMax: Int,
    using generator: inout SeededGenerator
  ) -> [PairBatch] {
    precondition(pairCountMax >= 1, "a batch needs room for one pair")
    var byPrompt: [Int: [Int]] = [:]
    var order: [Int] = []
    for index in indices {
      let prompt = dataset.pairs[index].prompt
      if byPrompt[prompt] == nil { order.append(prompt) }
      byPrompt[prompt, default: []].append(index)
    }
    var batches: [PairBatch] = []
    var open: [Int] = []
    var openTexts: Set<Int> = []
    var openTokens = 0
    func close() {
      if !open.isEmpty { batches.append(PairBatch(dataset, pairs: open)) }
      open = []
      openTexts = []
      openTokens = 0
    }
    func newTexts(_ pairs: [Int]) -> Set<Int> {
      Set(pairs.flatMap { [dataset.pairs[$0].first, dataset.pairs[$0].second] })
        .subtracting(openTexts)
    }
    func fits(_ pairs: [Int]) -> Bool {
      let tokens = newTexts(pairs).reduce(openTokens) { $0 + tokenCounts[$1] }
      return open.count + pairs.count <= pairCountMax && tokens <= tokenCountMax
    }
    for slot in generator.permutation(order.count) {
      let group = byPrompt[order[slot]] ?? []
      if !fits(group) { close() }
      for index in group {
        if !fits([index]) { close() }
        for text in newTexts([index]) {
          openTexts.insert(text)
          openTokens += tokenCounts[text]
        }
        open.append(index)
      }
    }
    close()
    return batches
  }
}

import Preferences
import Tensors
import Testing

@Suite struct PreferenceDatasetTests {
  /// `promptCount` prompts with four answers and all six pairs each.
  static func pairs(promptCount: Int) -> [LabelledPair] {
    var pairs: [LabelledPair] = []
    for prompt in 0..<promptCount {
      for first in 0..<4 {
        for second in first + 1..<4 {
          pairs.append(
            LabelledPair(
              prompt: "p\(prompt)",
              first: "a\(first)",
              second: "a\(second)",
              target: first % 2 == 0 ? 0.9 : 0.2
            )
          )
        }
      }
    }
    return pairs
  }

  @Test func `answers in several pairs are one text, and equal texts of two prompts are two`()
    throws
  {
    let dataset = try PreferenceDataset(Self.pairs(promptCount: 3))
    #expect(dataset.texts.count == 12 && dataset.pairs.count == 18 && dataset.prompts.count == 3)
  }

  @Test func `pairs of equal answers are left out`() throws {
    let same = LabelledPair(prompt: "p", first: "a", second: "a", target: 1)
    #expect(throws: PreferenceError.noPairs) { try PreferenceDataset([same]) }
    let other = LabelledPair(prompt: "p", first: "a", second: "b", target: 1)
    #expect(try PreferenceDataset([same, other]).pairs.count == 1)
  }

  @Test func `impossible targets and margins are refused with their position`() {
    let good = LabelledPair(prompt: "p", first: "a", second: "b", target: 1)
    let bad = LabelledPair(prompt: "p", first: "a", second: "b", target: 1.5, margin: 0)
    #expect(throws: PreferenceError.invalidTarget(pair: 1, value: 1.5)) {
      try PreferenceDataset([good, bad])
    }
    let negative = LabelledPair(prompt: "p", first: "a", second: "b", target: 1, margin: -1)
    #expect(throws: PreferenceError.invalidMargin(pair: 0, value: -1)) {
      try PreferenceDataset([negative])
    }
  }

  @Test func `no prompt is on both sides of the split`() throws {
    let dataset = try PreferenceDataset(Self.pairs(promptCount: 20))
    var generator = SeededGenerator(seed: 1)
    let split = HeldOutSplit(dataset, share: 0.25, using: &generator)
    let held = Set(split.heldOut.map { dataset.pairs[$0].prompt })
    let kept = Set(split.training.map { dataset.pairs[$0].prompt })
    #expect(held.count == 5 && kept.count == 15 && held.isDisjoint(with: kept))
    #expect(split.heldOut.count + split.training.count == dataset.pairs.count)
  }

  @Test func `one seed gives one split and another seed another`() throws {
    let dataset = try PreferenceDataset(Self.pairs(promptCount: 20))
    func split(_ seed: UInt64) -> HeldOutSplit {
      var generator = SeededGenerator(seed: seed)
      return HeldOutSplit(dataset, share: 0.25, using: &generator)
    }
    #expect(split(7) == split(7))
    #expect(split(7) != split(8))
  }

  @Test(arguments: [1, 4, 6, 13, 24])
  func `each pair is dealt once and each text of a batch is held once`(size: Int) throws {
    let dataset = try PreferenceDataset(Self.pairs(promptCount: 9))
    var generator = SeededGenerator(seed: 3)
    let batches = PairBatches.deal(
      dataset,
      indices: Array(dataset.pairs.indices),
      pairCountMax: size,
      tokenCounts: dataset.texts.map { _ in 10 },
      tokenCountMax: 1000,
      using: &generator
    )
    #expect(batches.flatMap(\.pairs).sorted() == Array(dataset.pairs.indices))
    for batch in batches {
      #expect(batch.pairs.count <= size && Set(batch.texts).count == batch.texts.count)
      for (slot, index) in batch.pairs.enumerated() {
        #expect(batch.texts[batch.first[slot]] == dataset.pairs[index].first)
        #expect(batch.texts[batch.second[slot]] == dataset.pairs[index].second)
      }
    }
    if size == 24 { #expect(batches[0].texts.count == 16 && batches[0].pairs.count == 24) }
  }

  @Test func `no batch has more tokens than allowed unless one pair alone does`() throws {
    let dataset = try PreferenceDataset(Self.pairs(promptCount: 5))
    var generator = SeededGenerator(seed: 3)
    let counts = dataset.texts.indices.map { $0 == 0 ? 500 : 10 }
    let batches = PairBatches.deal(
      dataset,
      indices: Array(dataset.pairs.indices),
      pairCountMax: 100,
      tokenCounts: counts,
      tokenCountMax: 45,
      using: &generator
    )
    #expect(batches.flatMap(\.pairs).sorted() == Array(dataset.pairs.indices))
    for batch in batches {
      let tokens = batch.texts.reduce(0) { $0 + counts[$1] }
      #expect(tokens <= 45 || batch.pairs.count == 1)
    }
  }
}

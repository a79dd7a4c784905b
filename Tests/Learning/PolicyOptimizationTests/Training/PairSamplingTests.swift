import PolicyOptimization
import Testing

@Suite struct PairSamplingTests {
  private func pairs(_ answers: [String], max: Int? = nil, prompt: Int = 0) -> [[Int]] {
    PairSampling.pairs(answers, pairCountMax: max, seed: 5, prompt: prompt).map { pair in
      [pair.first, pair.second]
    }
  }

  @Test func `four answers make six pairs and equal answers none`() {
    let all = pairs(["a", "b", "c", "d"])
    #expect(all.count == 6 && Set(all.map { Set($0) }).count == 6)
    #expect(pairs(["a", "b", "a"]).map { Set($0) } == [[0, 1]])
    #expect(pairs(["a", "a"]).isEmpty && pairs([]).isEmpty)
  }

  @Test func `a cap keeps that many, always the same ones`() {
    let answers = ["a", "b", "c", "d", "e"]
    #expect(pairs(answers, max: 4).count == 4)
    #expect(pairs(answers, max: 4) == pairs(answers, max: 4))
    #expect(pairs(answers, max: 0).isEmpty)
  }

  @Test func `either answer comes first about as often`() {
    var ascending = 0
    for prompt in 0..<200 {
      ascending += pairs(["a", "b", "c"], prompt: prompt).count { $0[0] < $0[1] }
    }
    #expect((250...350).contains(ascending))
  }
}

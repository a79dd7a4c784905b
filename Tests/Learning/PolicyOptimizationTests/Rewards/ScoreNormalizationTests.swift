import PolicyOptimization
import Testing

@Suite struct ScoreNormalizationTests {
  private static func scores() -> [Double] {
    var random = TestRandom(seed: 8)
    // Three principles, one of which is a hundred times wider than the others.
    return (0..<8).flatMap { _ in [random.normal(), 100 * random.normal() + 7, random.normal()] }
  }

  private func column(_ scores: [Double], _ column: Int, _ rows: Range<Int>) -> [Double] {
    rows.map { scores[$0 * 3 + column] }
  }

  @Test func `the models' own statistics leave scores alone`() {
    let scores = Self.scores()
    #expect(ScoreNormalization.model.apply(scores, width: 3, groupSize: 4) == scores)
  }

  @Test(arguments: [(ScoreNormalization.group, 4), (.batch, 8)])
  func `every principle has mean zero and unit deviation`(
    normalization: ScoreNormalization,
    size: Int
  ) {
    let result = normalization.apply(Self.scores(), width: 3, groupSize: 4)
    for principle in 0..<3 {
      for start in stride(from: 0, to: 8, by: size) {
        let values = column(result, principle, start..<start + size)
        let mean = values.reduce(0, +) / Double(size)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(size - 1)
        #expect(abs(mean) < 1e-12)
        #expect(abs(variance - 1) < 1e-3)
      }
    }
  }

  @Test func `a principle that does not tell answers apart gives zero`() {
    let scores = [1.0, 5, 0, 2, 5, 0]
    let result = ScoreNormalization.group.apply(scores, width: 3, groupSize: 2)
    #expect(result[1] == 0 && result[4] == 0 && result[2] == 0)
    #expect(result[0] < -0.7 && result[3] > 0.7)
  }
}

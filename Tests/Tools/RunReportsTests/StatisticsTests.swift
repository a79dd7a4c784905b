import RunReports
import Testing

@Suite struct StatisticsTests {
  @Test func `mean and population standard deviation of a list`() throws {
    #expect(Statistics.mean([1, 2, 3, 6]) == 3)
    let deviation = try #require(Statistics.standardDeviation([1, 2, 3, 6]))
    #expect(abs(deviation - 3.5.squareRoot()) < 1e-12)
    #expect(Statistics.mean([]) == nil)
  }

  @Test func `a moving average begins at the first value`() {
    let average = Statistics.movingAverage([4, 4, 8], smoothing: 0.5)
    #expect(average[0] == 4)
    #expect(average[1] == 4)
    // (4 / 8 + 4 / 4 + 8 / 2) over the weights (1 / 8 + 1 / 4 + 1 / 2).
    #expect(abs(average[2] - 5.5 / 0.875) < 1e-12)
  }

  @Test func `distinct bigrams are counted inside answers, whatever their case`() throws {
    let share = try #require(
      Diversity.distinctBigramShare(["The cat, the cat", "THE CAT sat", "alone"])
    )
    // the-cat (3 times), cat-the, cat-sat: 3 distinct of 5.
    #expect(abs(share - 3.0 / 5) < 1e-12)
    #expect(Diversity.distinctBigramShare(["one", ""]) == nil)
  }
}

@Suite struct WinRateTests {
  @Test func `Wilson's interval agrees with its published form`() {
    // 81 of 263: the example of Newcombe (1998), method 3.
    let interval = WinRate.wilson(rate: 81.0 / 263, count: 263)
    #expect(abs(interval.low - 0.2553) < 5e-5)
    #expect(abs(interval.high - 0.3662) < 5e-5)
  }

  @Test func `answers that agree within a prompt count once`() throws {
    let clusters = [[1.0, 1, 1], [0, 0, 0], [1, 1, 1], [1, 1, 1], [0, 0, 0], [1, 1, 1]]
    let rate = try #require(WinRate(outcomesByPrompt: clusters))
    #expect(rate.comparisons == 18)
    #expect(abs(rate.rate - 2.0 / 3) < 1e-12)
    // d = 3 x 6 / 5: all of a cluster's answers say the same, and six clusters have five degrees of
    // freedom.
    #expect(abs(rate.effectiveComparisons - 5) < 1e-9)
  }

  @Test func `independent answers keep their number`() throws {
    let clusters = [[1.0, 0], [0, 1], [1, 0], [0.5, 0.5]]
    let rate = try #require(WinRate(outcomesByPrompt: clusters))
    #expect(rate.effectiveComparisons == 8)
    #expect(rate.rate == 0.5)
  }

  @Test func `one outcome everywhere counts each prompt once`() throws {
    let rate = try #require(WinRate(outcomesByPrompt: [[1, 1], [1, 1], [1, 1], []]))
    #expect(rate.effectiveComparisons == 3)
    #expect(rate.low < 0.5)
    #expect(rate.high == 1)
    #expect(WinRate(outcomesByPrompt: []) == nil)
  }

  @Test func `equal values are a tie`() {
    #expect(WinRate.outcome(1, against: 1) == 0.5)
    #expect(WinRate.outcome(2, against: 1) == 1)
    #expect(WinRate.outcome(0, against: 1) == 0)
  }
}

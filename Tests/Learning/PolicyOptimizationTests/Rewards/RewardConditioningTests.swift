import Foundation
import PolicyOptimization
import Testing

@Suite struct RewardConditioningTests {
  @Test func `unfinished answers lose the penalty before anything else`() {
    var state = RewardConditioning.State()
    let conditioning = RewardConditioning(
      missingEnd: .penalty(2),
      centersByRunningMean: false,
      scalesByRunningDeviation: false,
      clip: nil
    )
    let result = conditioning.apply(
      [1, 1],
      isFinished: [true, false],
      configurationVersion: "1",
      state: &state
    )
    #expect(result.rewards == [1, -1])
  }

  @Test func `a replacement ignores the score of an unfinished answer`() {
    #expect(MissingEndPolicy.replacement(-1).apply(7, isFinished: false) == -1)
    #expect(MissingEndPolicy.replacement(-1).apply(7, isFinished: true) == 7)
    #expect(MissingEndPolicy.keep.apply(7, isFinished: false) == 7)
  }

  @Test func `the clip reports the share it changed`() {
    var state = RewardConditioning.State()
    let conditioning = RewardConditioning(
      centersByRunningMean: false,
      scalesByRunningDeviation: false,
      clip: 5
    )
    let result = conditioning.apply(
      [1, 6, -7, 5],
      isFinished: [true, true, true, true],
      configurationVersion: "1",
      state: &state
    )
    #expect(result.rewards == [1, 5, -5, 5] && result.clippedShare == 0.5)
  }

  @Test func `running statistics over batches equal those over all at once`() throws {
    var random = TestRandom(seed: 61)
    let values = (0..<90).map { _ in 4 + random.normal() }
    var whole = RunningStatistics()
    whole.add(values)
    var parts = RunningStatistics()
    for start in stride(from: 0, to: 90, by: 30) { parts.add(Array(values[start..<start + 30])) }
    let a = try #require(whole.standardDeviation)
    let b = try #require(parts.standardDeviation)
    #expect(abs(a - b) < 1e-12 && abs(whole.mean - parts.mean) < 1e-12)
  }

  @Test func `a new configuration starts the scale anew`() {
    var state = RewardConditioning.State()
    let conditioning = RewardConditioning(clip: nil)
    let finished = [true, true, true]
    let first = conditioning.apply(
      [-100, 0, 100],
      isFinished: finished,
      configurationVersion: "1",
      state: &state
    )
    let second = conditioning.apply(
      [-1, 0, 1],
      isFinished: finished,
      configurationVersion: "2",
      state: &state
    )
    #expect(first.scale == 100 && !first.didReset)
    #expect(second.scale == 1 && second.didReset)
    #expect(second.rewards == [-1, 0, 1])
  }

  @Test func `equal rewards are not blown up`() {
    var state = RewardConditioning.State()
    let result = RewardConditioning().apply(
      [3, 3, 3],
      isFinished: [true, true, true],
      configurationVersion: "1",
      state: &state
    )
    #expect(result.rewards == [0, 0, 0] && result.center == 3 && result.scale == 1)
  }
}

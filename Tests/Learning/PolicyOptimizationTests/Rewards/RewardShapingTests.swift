import PolicyOptimization
import Testing

@Suite struct RewardShapingTests {
  @Test func `the reward sits on the last token and the penalty on every token`() {
    let shaped = RewardShaping.tokenRewards(
      rewards: [1, 2, 9],
      policy: [-1, -1, -1],
      reference: [-2, -1, -3],
      coefficient: 0.5,
      segments: TokenSegments(lengths: [2, 1, 0])
    )
    #expect(shaped.rewards == [-0.5, 1, 1])
    #expect(abs(shaped.nonScoreReward - (-0.5 - 1.0) / 3) < 1e-9)
  }

  @Test func `an unchanged policy pays nothing`() {
    let shaped = RewardShaping.tokenRewards(
      rewards: [4],
      policy: [-1, -2],
      reference: [-1, -2],
      coefficient: 0.5,
      segments: TokenSegments(lengths: [2])
    )
    #expect(shaped.rewards == [0, 4] && shaped.nonScoreReward == 0)
  }
}

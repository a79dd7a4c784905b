import PolicyOptimization
import Testing

/// Numbers from TRL's formulas (`trl/trainer/grpo_trainer.py`, `rloo_trainer.py`) computed in numpy.
@Suite struct GroupAdvantagesTests {
  /// Six answers, three to a prompt, judged on two principles of different scale.
  private static let scores = [
    -0.802, -9.244, -0.248, 8.204, 1.136, 5.097, -0.553, -3.848, 0.749, 20.348, 0.273, -8.333,
  ]
  private static let weights = [1.0, 0.5]

  private func combined(_ scores: [Double]) -> [Double] {
    stride(from: 0, to: scores.count, by: 2).map { row in
      scores[row] * Self.weights[0] + scores[row + 1] * Self.weights[1]
    }
  }

  private func close(_ found: [Double], _ expected: [Double]) -> Bool {
    found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-12 }
  }

  @Test(arguments: [
    (
      GroupAdvantages.Scaling.group,
      [
        -1.1545316193856956, 0.5932307657328126, 0.561300853652883, -0.4885500214385693,
        1.1503460324547412, -0.6617960110161718,
      ]
    ),
    (
      .batch,
      [
        -0.9914831853727646, 0.5094519018741573, 0.48203128349860724, -0.6462044843724757,
        1.5215612161134862, -0.8753567317410104,
      ]
    ),
    (
      .none,
      [
        -6.128833333333333, 3.1491666666666664, 2.9796666666666662, -3.9945, 9.4055, -5.411,
      ]
    ),
  ])
  func `advantages from the group's mean are TRL's`(
    scaling: GroupAdvantages.Scaling,
    expected: [Double]
  ) {
    let groups = GroupAdvantages(groupSize: 3, scaling: scaling)
    #expect(close(groups.fromMean(combined(Self.scores)), expected))
  }

  @Test func `leave-one-out advantages are TRL's`() {
    let groups = GroupAdvantages(groupSize: 3, scaling: .none)
    let expected = [-9.193249999999999, 4.72375, 4.4695, -5.99175, 14.10825, -8.1165]
    #expect(close(groups.leaveOneOut(combined(Self.scores)), expected))
  }

  @Test func `normalised by group, summed and scaled by batch is TRL's normalize_then_sum`() {
    let standard = ScoreNormalization.group.apply(Self.scores, width: 2, groupSize: 3)
    let advantages = GroupAdvantages(groupSize: 3, scaling: .batch).fromMean(combined(standard))
    let expected = [
      -1.140470931556516, 0.0740071357329081, 1.0664637958236078, -1.049437564885627,
      1.1969208936337652, -0.14748332874813824,
    ]
    #expect(close(advantages, expected))
  }

  @Test func `leave-one-out is the distance from the mean times k over k less one`() {
    var random = TestRandom(seed: 3)
    let rewards = (0..<20).map { _ in random.normal() }
    let groups = GroupAdvantages(groupSize: 5, scaling: .none)
    let scaled = groups.fromMean(rewards).map { $0 * 5 / 4 }
    #expect(close(groups.leaveOneOut(rewards), scaled))
  }

  @Test(arguments: GroupAdvantages.Scaling.allCases)
  func `a group whose rewards are equal teaches nothing`(scaling: GroupAdvantages.Scaling) {
    let groups = GroupAdvantages(groupSize: 2, scaling: scaling)
    let rewards = [0.7, 0.7, 1, 3]
    #expect(groups.fromMean(rewards)[0..<2].allSatisfy { abs($0) < 1e-9 })
    #expect(groups.leaveOneOut(rewards)[0..<2].allSatisfy { abs($0) < 1e-9 })
    #expect(groups.flatShare(rewards) == 0.5)
  }

  @Test func `neither a prompt's own level nor the unit of rewards changes scaled advantages`() {
    var random = TestRandom(seed: 4)
    let rewards = (0..<12).map { _ in random.normal() }
    let moved = rewards.enumerated().map { 1000 * $1 + Double($0 / 4) * 50 }
    let groups = GroupAdvantages(groupSize: 4, scaling: .group)
    for (one, other) in zip(groups.fromMean(rewards), groups.fromMean(moved)) {
      // The floor of the deviation is the only thing that knows a unit.
      #expect(abs(one - other) < 1e-3)
    }
  }
}

import Foundation
import PolicyOptimization
import Testing

@Suite struct LossAggregationTests {
  private static let current: [Float] = [-1, -0.5, -2, -0.25, -1.5]
  private static let old: [Float] = [-1.3, -0.5, -1.9, -0.75, -1.45]
  private static let reference: [Float] = [-1.1, -0.9, -2.2, -0.25, -1.0]
  private static let advantages: [Float] = [0.8, 0.8, -1.2, -1.2, -1.2]

  // TRL's `grpo`, `bnpo`/`dapo` and `dr_grpo` in numpy: k3 with weight 0.04, clip 0.2 and 0.28,
  // greatest length 4.
  @Test(arguments: [
    (LossAggregation.sequences, 0.24682554411326385),
    (.tokens, 0.4782900230796302),
    (.constant, 0.29893126442476886),
  ])
  func `losses of two answers are TRL's`(aggregation: LossAggregation, expected: Double) {
    let weights = aggregation.weights(
      [0, 1],
      in: TokenSegments(lengths: [2, 3]),
      lengthMax: 4
    )
    let surrogate = PolicyLoss(clipRange: 0.2, clipRangeHigh: 0.28, dualClip: nil).evaluate(
      current: Self.current,
      old: Self.old,
      advantages: Self.advantages,
      weights: weights
    )
    let penalty = zip(Self.current, Self.reference).map { Double($0) - Double($1) }
      .map { KLEstimator.k3.value($0) }
    let loss = surrogate.loss + 0.04 * zip(weights, penalty).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(loss - expected) < 1e-7)
  }

  @Test(arguments: LossAggregation.allCases)
  func `only the minibatch's tokens have weights`(aggregation: LossAggregation) {
    let segments = TokenSegments(lengths: [2, 3, 0, 4])
    let weights = aggregation.weights([1, 3], in: segments, lengthMax: 8)
    #expect(weights[0..<2].allSatisfy { $0 == 0 } && weights[2..<9].allSatisfy { $0 > 0 })
    let sum = weights.reduce(0, +)
    #expect(abs(sum - (aggregation == .constant ? 7.0 / 16 : 1)) < 1e-12)
  }
}

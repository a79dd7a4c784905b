import Foundation
import PolicyOptimization
import Testing

@Suite struct AdvantageEstimationTests {
  /// The definition: `A_t = Σ_l (γλ)^l δ_{t+l}`, computed without the recursion.
  private func naive(
    _ rewards: [Float],
    _ values: [Float],
    _ discount: Double,
    _ trace: Double
  ) -> [Double] {
    rewards.indices.map { start in
      (start..<rewards.count).reduce(0.0) { sum, token in
        let next = token + 1 < values.count ? Double(values[token + 1]) : 0
        let delta = Double(rewards[token]) + discount * next - Double(values[token])
        return sum + pow(discount * trace, Double(token - start)) * delta
      }
    }
  }

  @Test func `packed sequences give what each gives alone`() {
    var random = TestRandom(seed: 51)
    let lengths = [5, 1, 0, 9]
    let segments = TokenSegments(lengths: lengths)
    let rewards = (0..<15).map { _ in Float(random.normal()) }
    let values = (0..<15).map { _ in Float(random.normal()) }
    let estimator = AdvantageEstimation(discount: 0.97, trace: 0.9)
    let result = estimator.estimate(rewards: rewards, values: values, segments: segments)
    for sequence in 0..<4 {
      let range = segments[sequence]
      let expected = naive(Array(rewards[range]), Array(values[range]), 0.97, 0.9)
      for (token, advantage) in zip(range, expected) {
        #expect(abs(Double(result.advantages[token]) - advantage) < 1e-5)
        #expect(abs(result.returns[token] - result.advantages[token] - values[token]) < 1e-5)
      }
    }
  }

  @Test func `with no discount and a full trace the return is the sum of the rewards to come`() {
    let result = AdvantageEstimation(discount: 1, trace: 1).estimate(
      rewards: [1, 2, 3],
      values: [9, -4, 0.5],
      segments: TokenSegments(lengths: [3])
    )
    #expect(result.returns == [6, 5, 3])
  }

  @Test func `whitened values have mean zero and unit variance`() {
    var random = TestRandom(seed: 52)
    let values = (0..<500).map { _ in Float(3 + 7 * random.normal()) }
    let moments = Moments(Whitening.whiten(values))
    #expect(abs(moments.mean) < 1e-6 && abs(moments.standardDeviation - 1) < 1e-6)
    let kept = Moments(Whitening.whiten(values, shiftsMean: false))
    #expect(abs(kept.mean - Moments(values).mean) < 1e-5)
    #expect(abs(kept.standardDeviation - 1) < 1e-6)
  }

  @Test func `constants and nothing whiten to finite values`() {
    #expect(Whitening.whiten([2, 2, 2]) == [0, 0, 0])
    #expect(Whitening.whiten([]).isEmpty)
  }
}

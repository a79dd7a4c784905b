import Foundation
import PolicyOptimization
import Testing

@Suite struct PolicyLossTests {
  /// Central difference of the loss by one log-probability.
  private func slope(
    _ loss: PolicyLoss,
    _ current: [Float],
    _ old: [Float],
    _ advantages: [Float],
    at index: Int
  ) -> Double {
    let step: Float = 1.0 / 1024
    func value(_ change: Float) -> Double {
      var moved = current
      moved[index] += change
      return loss.evaluate(
        current: moved,
        old: old,
        advantages: advantages,
        weights: Array(repeating: 1.0 / 7, count: old.count)
      ).loss
    }
    return (value(step) - value(-step)) / (2 * Double(step))
  }

  @Test(arguments: [nil, 3.0])
  func `the gradient is the finite difference of the loss`(dualClip: Double?) {
    var random = TestRandom(seed: 31)
    let loss = PolicyLoss(clipRange: 0.2, dualClip: dualClip)
    let old = (0..<200).map { _ in Float(-3 * random.uniform()) }
    let current = old.map { $0 + Float(random.normal()) }
    let advantages = (0..<200).map { _ in Float(random.normal()) }
    let result = loss.evaluate(
      current: current,
      old: old,
      advantages: advantages,
      weights: Array(repeating: 1.0 / 7, count: old.count)
    )
    for index in current.indices {
      let ratio = exp(Double(current[index]) - Double(old[index]))
      let corners = [0.8, 1.2, dualClip ?? 1.2]
      // At a corner the two sides differ, so the difference quotient means nothing.
      if corners.contains(where: { abs(ratio - $0) < 0.01 }) { continue }
      let expected = slope(loss, current, old, advantages, at: index)
      #expect(abs(Double(result.gradient[index]) - expected) < 1e-4 + 1e-3 * abs(expected))
    }
    #expect(result.clippedCount > 0)
    #expect((result.dualClippedCount > 0) == (dualClip != nil))
  }

  @Test func `an unchanged policy has ratio one, no clipping and the plain gradient`() {
    let old: [Float] = [-1, -2, -0.5]
    let advantages: [Float] = [1, -2, 0.5]
    let result = PolicyLoss().evaluate(
      current: old,
      old: old,
      advantages: advantages,
      weights: [1.0 / 3, 1.0 / 3, 1.0 / 3]
    )
    #expect(result.ratioSum == 3 && result.ratioSquareSum == 3 && result.ratioMax == 1)
    #expect(result.clippedCount == 0 && result.approximateKLSum == 0)
    #expect(abs(result.loss - (-1 + 2 - 0.5) / 3) < 1e-7)
    for (gradient, advantage) in zip(result.gradient, advantages) {
      #expect(abs(gradient + advantage / 3) < 1e-7)
    }
  }

  @Test func `an enormous log-ratio stays finite and has no gradient`() {
    let result = PolicyLoss(dualClip: nil).evaluate(
      current: [0, -200],
      old: [-200, 0],
      advantages: [-1, -1],
      weights: [0.5, 0.5]
    )
    #expect(result.loss.isFinite && result.ratioMax.isFinite)
    #expect(result.gradient == [0, 0])
  }

  @Test func `micro-batches under the weights of the whole add up to it`() {
    var random = TestRandom(seed: 32)
    let old = (0..<10).map { _ in Float(-random.uniform()) }
    let current = old.map { $0 + Float(0.3 * random.normal()) }
    let advantages = (0..<10).map { _ in Float(random.normal()) }
    let loss = PolicyLoss()
    func part(_ range: Range<Int>) -> PolicyLoss.Result {
      loss.evaluate(
        current: Array(current[range]),
        old: Array(old[range]),
        advantages: Array(advantages[range]),
        weights: Array(repeating: 0.1, count: range.count)
      )
    }
    let whole = part(0..<10)
    let first = part(0..<3)
    let second = part(3..<10)
    #expect(abs(whole.loss - first.loss - second.loss) < 1e-12)
    #expect(whole.gradient == first.gradient + second.gradient)
  }
}

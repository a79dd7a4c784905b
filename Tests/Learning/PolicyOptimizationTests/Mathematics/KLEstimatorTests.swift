import Foundation
import PolicyOptimization
import Testing

@Suite struct KLEstimatorTests {
  @Test(arguments: KLEstimator.allCases)
  func `the derivative is the finite difference`(estimator: KLEstimator) {
    for difference in stride(from: -4.0, through: 4, by: 0.37) {
      let step = 1e-5
      let expected =
        (estimator.value(difference + step) - estimator.value(difference - step)) / (2 * step)
      #expect(abs(estimator.derivative(difference) - expected) < 1e-5 * (1 + abs(expected)))
    }
  }

  @Test func `k1 and k3 average to the exact divergence`() {
    let policy = [0.7, 0.2, 0.1]
    let reference = [0.3, 0.3, 0.4]
    let exact = zip(policy, reference).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
    for estimator in [KLEstimator.k1, .k3] {
      let mean = zip(policy, reference).reduce(0) {
        $0 + $1.0 * estimator.value(log($1.0) - log($1.1))
      }
      #expect(abs(mean - exact) < 1e-12)
    }
  }

  @Test func `k3 is never negative and stays finite`() {
    for difference in [-1e4, -30, -1, 0, 1, 30, 1e4] {
      let value = KLEstimator.k3.value(difference)
      #expect(value >= 0 && value.isFinite)
    }
  }

  @Test func `the metric sums over tokens before it averages over sequences`() {
    let kl = KLEstimator.k1.meanPerSequence(
      policy: [-1, -1, -1],
      reference: [-2, -3, -1.5],
      segments: TokenSegments(lengths: [2, 1])
    )
    #expect(abs(kl - (3 + 0.5) / 2) < 1e-9)
  }

  @Test func `the adaptive coefficient follows Ziegler's rule`() {
    var controller = KLController(control: .adaptive(target: 6, horizon: 10_000), coefficient: 0.1)
    controller.update(kl: 60, sampleCount: 100)
    #expect(abs(controller.coefficient - 0.1 * (1 + 0.2 * 100 / 10_000)) < 1e-15)
    controller.update(kl: 5.7, sampleCount: 100)
    let expected = 0.1 * 1.002 * (1 + (5.7 / 6 - 1) * 0.01)
    #expect(abs(controller.coefficient - expected) < 1e-15)
  }

  @Test func `the fixed coefficient never moves`() {
    var controller = KLController(control: .fixed, coefficient: 0.05)
    controller.update(kl: 1000, sampleCount: 1000)
    #expect(controller.coefficient == 0.05)
  }
}

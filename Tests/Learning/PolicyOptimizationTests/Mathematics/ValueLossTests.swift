import PolicyOptimization
import Testing

@Suite struct ValueLossTests {
  @Test(arguments: [nil, 0.2])
  func `the gradient is the finite difference of the loss`(clipRange: Double?) {
    var random = TestRandom(seed: 41)
    let loss = ValueLoss(clipRange: clipRange)
    let old = (0..<100).map { _ in Float(random.normal()) }
    let values = old.map { $0 + Float(0.5 * random.normal()) }
    let returns = (0..<100).map { _ in Float(random.normal()) }
    func value(_ values: [Float]) -> Double {
      loss.evaluate(values: values, old: old, returns: returns, normaliser: 5).loss
    }
    let result = loss.evaluate(values: values, old: old, returns: returns, normaliser: 5)
    let step: Float = 1.0 / 1024
    for index in values.indices {
      if let clipRange {
        let moved = abs(Double(values[index]) - Double(old[index]))
        let low = old[index] - Float(clipRange)
        let high = old[index] + Float(clipRange)
        let clipped = min(max(values[index], low), high)
        let gap = abs(abs(clipped - returns[index]) - abs(values[index] - returns[index]))
        // Corners of the maximum and of the clip.
        if abs(moved - clipRange) < 0.01 || (gap > 0 && gap < 0.01) { continue }
      }
      var up = values
      var down = values
      up[index] += step
      down[index] -= step
      let expected = (value(up) - value(down)) / (2 * Double(step))
      #expect(abs(Double(result.gradient[index]) - expected) < 1e-3)
    }
    #expect((result.clippedCount > 0) == (clipRange != nil))
  }

  @Test func `perfect values explain everything and constants nothing`() {
    let returns: [Float] = [1, 2, 3, 4]
    #expect(abs(ValueLoss.explainedVariance(values: returns, returns: returns) - 1) < 1e-9)
    #expect(abs(ValueLoss.explainedVariance(values: [5, 5, 5, 5], returns: returns)) < 1e-9)
    #expect(ValueLoss.explainedVariance(values: [4, 3, 2, 1], returns: returns) < 0)
    #expect(ValueLoss.explainedVariance(values: [1, 2], returns: [3, 3]) == 0)
  }
}

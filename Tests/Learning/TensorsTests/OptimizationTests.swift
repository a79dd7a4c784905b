import Foundation
import Tensors
import Testing

@Suite struct OptimizationTests {
  private static func parameters(_ values: [Float]) -> ParameterSet {
    var set = ParameterSet()
    set.set("b", Matrix(rows: 1, columns: values.count, values: values))
    set.set("a", Matrix(rows: 1, columns: 1, values: [4]))
    return set
  }

  @Test func `AdamW takes the steps of its definition`() {
    var set = Self.parameters([1, -2, 0.5])
    let configuration = AdamW.Configuration(
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      weightDecay: 0.1
    )
    var optimizer = AdamW(set, configuration: configuration)
    var (p, m, v) = (1.0, 0.0, 0.0)
    for step in 1...5 {
      let gradient = Float(step) * 0.3 - 1
      var gradients = set.zeros()
      gradients.set("b", Matrix(rows: 1, columns: 3, values: [gradient, 0, 0]))
      optimizer.update(&set, gradients: gradients, learningRate: 0.05)
      let g = Double(gradient)
      m = 0.9 * m + 0.1 * g
      v = 0.95 * v + 0.05 * g * g
      p -= 0.05 * 0.1 * p
      let corrected = m / (1 - pow(0.9, Double(step)))
      p -= 0.05 * corrected / ((v / (1 - pow(0.95, Double(step)))).squareRoot() + 1e-8)
      #expect(abs(Double(set.matrices[0][0, 0]) - p) < 1e-5)
    }
    #expect(optimizer.step == 5)
  }

  @Test func `AdamW goes on from its exported state with the same bits`() throws {
    var left = Self.parameters([1, 2])
    let gradients = Self.parameters([0.1, -0.2])
    var optimizer = AdamW(left)
    optimizer.update(&left, gradients: gradients, learningRate: 0.1)
    var right = left
    var resumed = try AdamW(
      right,
      configuration: optimizer.configuration,
      step: optimizer.step,
      firstMoments: optimizer.firstMoments,
      secondMoments: optimizer.secondMoments
    )
    optimizer.update(&left, gradients: gradients, learningRate: 0.1)
    resumed.update(&right, gradients: gradients, learningRate: 0.1)
    #expect(left == right && resumed == optimizer)
  }

  @Test func `a parameter set keeps its order and refuses what does not fit`() {
    var set = Self.parameters([1, 2])
    #expect(set.names == ["b", "a"])
    #expect(set.elementCount == 3)
    #expect(throws: TensorError.missingParameter(name: "b")) { try set.load(ParameterSet()) }
    var wide = Self.parameters([1, 2, 3])
    #expect(throws: TensorError.shapeMismatch(name: "b", expected: [1, 2], found: [1, 3])) {
      try set.load(wide)
    }
    wide = set.prefixed("x.")
    #expect(set.merging(wide).names == ["b", "a", "x.b", "x.a"])
    set.add(set, scale: 2)
    #expect(set["b"]?.values == [3, 6] && set["a"]?.values == [12])
  }

  @Test func `clipping scales the whole set to the limit and no further`() {
    var set = Self.parameters([0, 3])
    #expect(set.norm == 5)
    #expect(set.clipNorm(to: 10) == 5)
    #expect(set["b"]?.values == [0, 3])
    #expect(set.clipNorm(to: 1) == 5)
    #expect(abs(set.norm - 1) < 1e-6)
  }

  @Test func `schedules rise, hold and fall`() {
    let linear = LearningRateSchedule(.linear, peak: 2, warmupStepCount: 4, totalStepCount: 14)
    #expect((0..<5).map { linear.learningRate(step: $0) } == [0.5, 1, 1.5, 2, 2])
    #expect(abs(linear.learningRate(step: 9) - 1) < 1e-12)
    #expect(linear.learningRate(step: 14) == 0 && linear.learningRate(step: 99) == 0)
    let cosine = LearningRateSchedule(.cosine, peak: 1, totalStepCount: 10, finalFactor: 0.1)
    #expect(cosine.learningRate(step: 0) == 1)
    #expect(abs(cosine.learningRate(step: 5) - 0.55) < 1e-12)
    #expect(abs(cosine.learningRate(step: 10) - 0.1) < 1e-12)
    #expect(LearningRateSchedule(.constant, peak: 3).learningRate(step: 1000) == 3)
  }
}

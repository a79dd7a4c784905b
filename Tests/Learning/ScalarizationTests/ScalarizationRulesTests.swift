import Foundation
import Scalarization
import Testing

@Suite struct ScalarizationRulesTests {
  static let golden = [1.2, -0.4, 0.3, 2.0, -1.1, 0.7]
  static let names = ["a", "b", "c", "d", "e", "f"]

  static func scalarizer(
    _ method: ScalarizationMethod,
    _ parameters: ScalarizationParameters = ScalarizationParameters(),
    weights: [Double] = [1, 1, 1, 1, 1, 1],
    mask: [String] = []
  ) throws -> Scalarizer {
    let principles = zip(names, weights).map { PrincipleWeight(id: $0, weight: $1) }
    return Scalarizer(
      try ScalarizationConfiguration(
        method: method,
        principles: principles,
        parameters: parameters,
        mask: mask
      )
    )
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let method: ScalarizationMethod
    let expected: Double
    var parameters = ScalarizationParameters()
    var weights = [1.0, 1, 1, 1, 1, 1]
    var mask: [String] = []
    var testDescription: String { "\(method.rawValue) \(expected)" }
  }

  // METHODS A(g) 1.
  static let goldenCases: [Case] = [
    Case(method: .linear, expected: 2.7),
    Case(method: .linear, expected: 0.45, weights: [Double](repeating: 1 / 6.0, count: 6)),
    Case(method: .maxMin, expected: -1.1),
    Case(method: .softMinBoltzmann, expected: -0.4375020),
    Case(method: .softMinBoltzmann, expected: -1.0993611, parameters: .init(temperature: 0.1)),
    Case(method: .softMinLogSumExp, expected: -0.0279270),
    Case(method: .softMinLogSumExp, expected: 0.3985382, parameters: .init(temperature: 10)),
    Case(method: .uncertaintyWeighted, expected: -0.0645833),
    Case(method: .lowerQuantile, expected: -0.75),
    Case(method: .median, expected: 0.5),
    Case(method: .nash, expected: 0.5444294),
    Case(method: .nash, expected: 0.8695901, parameters: .init(nashLink: .softplus)),
    Case(method: .nash, expected: 0.5228946, weights: [1, 2, 3, 4, 5, 6]),
    Case(method: .zeroedLinear, expected: 0.7, mask: ["d"]),
  ]

  @Test(arguments: goldenCases)
  func `the golden vector gives the golden reward`(golden: Case) throws {
    let scalarizer = try Self.scalarizer(
      golden.method,
      golden.parameters,
      weights: golden.weights,
      mask: golden.mask
    )
    let batch = try scalarizer.scalarize(ScoreMatrix(principles: Self.names, values: Self.golden))
    #expect(abs(batch.rewards[0] - golden.expected) < 1e-6)
    #expect(abs(batch.contributions.reduce(0, +) - batch.rewards[0]) < 1e-9)
  }

  @Test func `log-sum-exp without a prior gives its golden value`() {
    let ones = [Double](repeating: 1, count: 6)
    let result = ScalarizationRules.softMinimum(Self.golden, prior: ones, temperature: 1)
    #expect(abs(result.reward - -1.8196865) < 1e-6)
  }

  // METHODS A(g) 2: the reference formulas give -0.2218 and 0.2 here.
  @Test(arguments: ScalarizationMethod.allCases)
  func `a row's reward does not depend on the rest of the batch`(
    method: ScalarizationMethod
  ) throws {
    let mask = method == .zeroedLinear ? ["a"] : []
    let scalarizer = try Self.scalarizer(method, mask: mask)
    let zeros = [Double](repeating: 0, count: 6)
    let both = try scalarizer.scalarize(
      ScoreMatrix(principles: Self.names, values: Self.golden + zeros)
    )
    let first = try scalarizer.scalarize(ScoreMatrix(principles: Self.names, values: Self.golden))
    let second = try scalarizer.scalarize(ScoreMatrix(principles: Self.names, values: zeros))
    #expect(both.rewards == first.rewards + second.rewards)
    #expect(both.contributions == first.contributions + second.contributions)
    if method == .softMinBoltzmann {
      #expect(abs(both.rewards[0] - -0.4375020) < 1e-6 && both.rewards[1] == 0)
    }
    if method == .lowerQuantile {
      #expect(abs(both.rewards[0] - -0.75) < 1e-12 && both.rewards[1] == 0)
    }
  }

  // METHODS A(g) 3.
  @Test(arguments: ScalarizationMethod.allCases)
  func `no order of the principles changes a reward`(method: ScalarizationMethod) throws {
    var random = TestRandom(seed: 11)
    let mask = method == .zeroedLinear ? ["c"] : []
    let weights = [1.0, -2, 0.5, 3, 0, 1.5]
    let forward = try Self.scalarizer(method, weights: weights, mask: mask)
    let principles = zip(Self.names, weights).map { PrincipleWeight(id: $0, weight: $1) }
    let backward = Scalarizer(
      try ScalarizationConfiguration(method: method, principles: principles.reversed(), mask: mask)
    )
    let values = (0..<6000).map { _ in random.normal() * 2 }
    let scores = ScoreMatrix(principles: Self.names, values: values)
    let first = try forward.scalarize(scores)
    let second = try backward.scalarize(scores)
    for row in 0..<1000 {
      #expect(abs(first.rewards[row] - second.rewards[row]) < 1e-9)
      for column in 0..<6 {
        let difference =
          first.contributions[row * 6 + column] - second.contributions[row * 6 + 5 - column]
        #expect(abs(difference) < 1e-9)
      }
    }
  }

  @Test func `log-sum-exp is monotone and stays between the minimum and its bound`() {
    var random = TestRandom(seed: 12)
    for _ in 0..<1000 {
      let values = (0..<6).map { _ in random.normal() * 2 }
      let weights = (0..<6).map { _ in random.uniform() + 0.05 }
      let prior = weights.map { $0 / weights.reduce(0, +) }
      let uniform = [Double](repeating: 1 / 6.0, count: 6)
      let temperature = 0.2 + random.uniform()
      let bounded = ScalarizationRules.softMinimum(
        values,
        prior: uniform,
        temperature: temperature
      ).reward
      let smallest = values.min() ?? 0
      #expect(bounded >= smallest - 1e-12)
      #expect(bounded <= smallest + temperature * log(6) + 1e-12)
      let base = ScalarizationRules.softMinimum(values, prior: prior, temperature: temperature)
      for index in 0..<6 {
        var raised = values
        raised[index] += 0.1
        let higher = ScalarizationRules.softMinimum(raised, prior: prior, temperature: temperature)
        #expect(higher.reward >= base.reward)
      }
      let sharp = ScalarizationRules.softMinimum(values, prior: uniform, temperature: 1e-3)
      #expect(abs(sharp.reward - smallest) < 1e-2)
    }
  }

  @Test func `the Boltzmann mean falls in a score far above the reward`() throws {
    let scalarizer = try Self.scalarizer(.softMinBoltzmann)
    var raised = Self.golden
    raised[3] += 0.1
    let before = try scalarizer.scalarize(ScoreMatrix(principles: Self.names, values: Self.golden))
    let after = try scalarizer.scalarize(ScoreMatrix(principles: Self.names, values: raised))
    #expect(after.rewards[0] < before.rewards[0])
  }

  @Test(arguments: ScalarizationMethod.allCases)
  func `scores of ten thousand give finite rewards`(method: ScalarizationMethod) throws {
    for link in NashLink.allCases {
      let scalarizer = try Self.scalarizer(
        method,
        .init(temperature: 0.1, nashLink: link),
        mask: method == .zeroedLinear ? ["a"] : []
      )
      for values in [[1e4, -1e4, 0, 1e4, -1e4, 1], [Double](repeating: -1e4, count: 6)] {
        let batch = try scalarizer.scalarize(ScoreMatrix(principles: Self.names, values: values))
        #expect(batch.rewards[0].isFinite)
        #expect(abs(batch.contributions.reduce(0, +) - batch.rewards[0]) < 1e-6)
      }
    }
  }

  @Test(arguments: ScalarizationMethod.allCases)
  func `contributions sum to the reward`(method: ScalarizationMethod) throws {
    var random = TestRandom(seed: 13)
    let scalarizer = try Self.scalarizer(
      method,
      weights: [1, -2, 0.5, 3, 0, 1.5],
      mask: method == .zeroedLinear ? ["c"] : []
    )
    let values = (0..<600).map { _ in random.normal() }
    let batch = try scalarizer.scalarize(ScoreMatrix(principles: Self.names, values: values))
    for row in 0..<100 {
      let sum = batch.contributions[row * 6..<row * 6 + 6].reduce(0, +)
      #expect(abs(sum - batch.rewards[row]) < 1e-9)
      #expect(batch.contributions[row * 6 + 4] == 0)
    }
  }
}

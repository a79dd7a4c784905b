import Foundation
import Scalarization
import Testing

@Suite struct WeightFittingTests {
  static let truth = [1.26, 0.74, 0.52, 0.35, 0.33, 0.25, 0.18, 0.17, 0.17, 0.11, 0.07, -0.23]

  static func pairs(count: Int, seed: UInt64) -> [WeightFittingPair] {
    var random = TestRandom(seed: seed)
    return (0..<count).map { _ in
      // Correlation 0.4 between any two features.
      let shared = random.normal()
      let differences = truth.map { _ in
        0.4.squareRoot() * shared + 0.6.squareRoot() * random.normal()
      }
      let margin = zip(truth, differences).reduce(0) { $0 + $1.0 * $1.1 }
      let wins = random.uniform() < 1 / (1 + exp(-margin))
      return WeightFittingPair(differences: differences, target: wins ? 1 : 0)
    }
  }

  static func cosine(_ a: [Double], _ b: [Double]) -> Double {
    func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
    return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
  }

  static let names = (0..<12).map { "p\($0)" }

  // METHODS A(g) 4.
  @Test(arguments: 1...20)
  func `five thousand pairs recover the weights`(seed: UInt64) throws {
    let fit = try WeightFitting().fit(Self.pairs(count: 5000, seed: seed), principles: Self.names)
    let weights = fit.weights(standardDeviations: [Double](repeating: 1, count: 12))
    #expect(Self.cosine(weights, Self.truth) >= 0.985)
  }

  @Test(arguments: 1...20)
  func `a thousand pairs recover the direction`(seed: UInt64) throws {
    let fit = try WeightFitting().fit(Self.pairs(count: 1000, seed: seed), principles: Self.names)
    #expect(Self.cosine(fit.coefficients, Self.truth) >= 0.93)
  }

  @Test func `turning every pair around gives the same weights`() throws {
    let pairs = Self.pairs(count: 400, seed: 3)
    let turned = pairs.map {
      WeightFittingPair(differences: $0.differences.map { -$0 }, target: 1 - $0.target)
    }
    let first = try WeightFitting().fit(pairs, principles: Self.names)
    let second = try WeightFitting().fit(turned, principles: Self.names)
    for (a, b) in zip(first.coefficients, second.coefficients) { #expect(abs(a - b) < 1e-8) }
  }

  @Test func `the scale of a score does not change what its weight does`() throws {
    let pairs = Self.pairs(count: 400, seed: 4)
    let scaled = pairs.map { pair in
      var copy = pair
      copy.differences[2] *= 1000
      return copy
    }
    let first = try WeightFitting().fit(pairs, principles: Self.names)
    let second = try WeightFitting().fit(scaled, principles: Self.names)
    #expect(abs(first.coefficients[2] - second.coefficients[2]) < 1e-8)
    #expect(abs(first.loss - second.loss) < 1e-10)
  }

  @Test func `separable pairs are refused without a ridge and fitted with one`() throws {
    let pairs = (1...20).map { WeightFittingPair(differences: [Double($0)], target: 1) }
    #expect(throws: ScalarizationError.fitDiverged) {
      try WeightFitting().fit(pairs, principles: ["a"])
    }
    let fit = try WeightFitting(ridge: 0.1).fit(pairs, principles: ["a"])
    #expect(fit.coefficients[0] > 0 && fit.accuracy == 1)
  }

  @Test func `a principle that never differs is refused by name`() {
    let pairs = (1...9).map { WeightFittingPair(differences: [Double($0 % 2), 0], target: 0.3) }
    #expect(throws: ScalarizationError.constantFeature("dull")) {
      try WeightFitting().fit(pairs, principles: ["a", "dull"])
    }
  }

  @Test func `too few pairs and impossible targets are refused`() {
    #expect(throws: ScalarizationError.tooFewPairs(count: 1, needed: 2)) {
      try WeightFitting().fit(
        [WeightFittingPair(differences: [1, 2], target: 1)],
        principles: ["a", "b"]
      )
    }
    #expect(throws: ScalarizationError.invalidTarget(pair: 0, value: 2)) {
      try WeightFitting().fit(
        [WeightFittingPair(differences: [1], target: 2)],
        principles: ["a"]
      )
    }
  }
}

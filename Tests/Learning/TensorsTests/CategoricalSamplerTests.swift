import Foundation
import Tensors
import Testing

@Suite struct CategoricalSamplerTests {
  /// Logits over more tokens than one block of sums holds.
  private static let logits: Matrix = {
    var generator = SeededGenerator(seed: 8)
    return .normal(rows: 1, columns: 700, deviation: 2, using: &generator)
  }()

  private static func probabilities(_ temperature: Double) -> [Double] {
    let weights = logits.values.map { exp(Double($0) / temperature) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  private static func counts(_ sampler: CategoricalSampler, _ draws: Int) -> [Int] {
    var generator = SeededGenerator(seed: 3)
    var counts = [Int](repeating: 0, count: 700)
    for _ in 0..<draws { counts[sampler.draw(logits.tile, using: &generator).token] += 1 }
    return counts
  }

  @Test(arguments: [0.7, 1.0, 1.5])
  func `tokens are drawn as often as their probabilities say`(temperature: Double) {
    let draws = 20_000
    let counts = Self.counts(CategoricalSampler(temperature: temperature), draws)
    for (count, probability) in zip(counts, Self.probabilities(temperature)) {
      let deviation = (Double(draws) * probability * (1 - probability)).squareRoot()
      #expect(abs(Double(count) - Double(draws) * probability) < 5 * deviation + 2)
    }
  }

  @Test func `log-probabilities are those of the full distribution`() {
    var generator = SeededGenerator(seed: 4)
    let probabilities = Self.probabilities(0.9)
    for sampler in [
      CategoricalSampler(temperature: 0.9), CategoricalSampler(temperature: 0.9, topK: 5),
    ] {
      let draw = sampler.draw(Self.logits.tile, using: &generator)
      #expect(abs(Double(draw.logProbability) - log(probabilities[draw.token])) < 1e-5)
    }
  }

  @Test func `temperature zero takes the most likely token`() {
    var generator = SeededGenerator(seed: 4)
    let best = Self.logits.values.indices.max { Self.logits[0, $0] < Self.logits[0, $1] }
    let draw = CategoricalSampler(temperature: 0).draw(Self.logits.tile, using: &generator)
    #expect(draw.token == best)
  }

  @Test func `top-k and top-p keep the most likely tokens only`() {
    let probabilities = Self.probabilities(1)
    let order = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
    let few = Self.counts(CategoricalSampler(topK: 3), 3000)
    #expect(Set(few.indices.filter { few[$0] > 0 }) == Set(order.prefix(3)))
    var nucleus: Set<Int> = []
    var mass = 0.0
    for token in order where mass < 0.3 {
      nucleus.insert(token)
      mass += probabilities[token]
    }
    let top = Self.counts(CategoricalSampler(topP: 0.3), 5000)
    #expect(Set(top.indices.filter { top[$0] > 0 }).isSubset(of: nucleus))
    #expect(top.filter { $0 > 0 }.count > nucleus.count / 2)
    #expect(Self.counts(CategoricalSampler(topK: 1, topP: 0.5), 10)[order[0]] == 10)
  }
}

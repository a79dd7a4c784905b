import Foundation
import LanguageModels
import Tensors
import Testing

@Suite struct LogProbabilityTests {
  private static let model = LanguageModel(configuration: .tiny, seed: 9)
  private static let hidden: Matrix = {
    var generator = SeededGenerator(seed: 3)
    // More rows than one chunk holds.
    return .normal(rows: 300, columns: 24, deviation: 1, using: &generator)
  }()
  private static let targets = (0..<300).map { Int32($0 * 13 % 50) }

  private static func expected(
    _ hidden: [Double],
    target: Int,
    temperature: Double
  ) -> (value: Double, entropy: Double) {
    let logits = ReferenceModel(model).logits(hidden).map { $0 / temperature }
    let sum = logits.reduce(0) { $0 + exp($1) }
    let logs = logits.map { $0 - log(sum) }
    return (logs[target], -logs.reduce(0) { $0 + exp($1) * $1 })
  }

  @Test(arguments: [1.0, 0.7])
  func `log-probabilities and entropies are those of the naive twin`(temperature: Double) {
    let found = Self.model.logProbabilities(
      Self.hidden,
      targets: Self.targets,
      temperature: Float(temperature)
    )
    for row in [0, 1, 137, 255, 256, 299] {
      let expected = Self.expected(
        Self.hidden.row(row).map(Double.init),
        target: Int(Self.targets[row]),
        temperature: temperature
      )
      #expect(abs(Double(found.values[row]) - expected.value) < 1e-5)
      #expect(abs(Double(found.entropies[row]) - expected.entropy) < 1e-5)
    }
  }

  @Test(arguments: [1.0, 0.7])
  func `the hidden gradient is the central difference`(temperature: Double) {
    var seen: [Range<Int>] = []
    let pass = Self.model.logProbabilityGradient(
      Self.hidden,
      targets: Self.targets,
      temperature: Float(temperature)
    ) { rows, values, _ in
      seen.append(rows)
      return LogProbabilityGradient(
        logProbabilities: rows.map { 0.5 + Float($0 % 3) },
        entropies: rows.map { Float($0 % 2) }
      )
    }
    #expect(seen == [0..<256, 256..<300])
    #expect(
      pass.result
        == Self.model.logProbabilities(
          Self.hidden,
          targets: Self.targets,
          temperature: Float(temperature)
        )
    )
    for row in [0, 1, 5, 257] {
      for column in [0, 7, 23] {
        let loss = { (step: Double) -> Double in
          var hidden = Self.hidden.row(row).map(Double.init)
          hidden[column] += step
          let target = Int(Self.targets[row])
          let result = Self.expected(hidden, target: target, temperature: temperature)
          return result.value * (0.5 + Double(row % 3)) + result.entropy * Double(row % 2)
        }
        let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
        #expect(abs(Double(pass.gradient[row, column]) - slope) < 2e-5)
      }
    }
  }

  @Test func `the head gradient is the central difference`() throws {
    var gradients = Self.model.parameters.zeros()
    _ = Self.model.logProbabilityGradient(
      Self.hidden,
      targets: Self.targets,
      addingWeightsTo: &gradients
    ) { rows, _, _ in LogProbabilityGradient(logProbabilities: rows.map { _ in 1 }) }
    let gradient = try #require(
      Self.model.checkpoint(of: gradients, areGradients: true)["model.embed_tokens.weight"]
    )
    let hidden = (0..<300).map { Self.hidden.row($0).map(Double.init) }
    for place in [0, 24 * 13 + 5] {
      let loss = { (step: Double) -> Double in
        var twin = ReferenceModel(Self.model)
        twin.weights["model.embed_tokens.weight"]?[place] += step
        return hidden.indices.reduce(0) { sum, row in
          let logits = twin.logits(hidden[row])
          let logSum = log(logits.reduce(0) { $0 + exp($1) })
          return sum + logits[Int(Self.targets[row])] - logSum
        }
      }
      let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
      #expect(abs(Double(gradient.values[place]) - slope) < 1e-3)
    }
  }

  @Test func `a target outside the vocabulary has no log-probability and no gradient`() {
    let pass = Self.model.logProbabilityGradient(Self.hidden.rows(0..<2), targets: [-1, 50]) {
      rows,
      values,
      _ in
      #expect(values == [0, 0])
      return LogProbabilityGradient(logProbabilities: rows.map { _ in 1 })
    }
    #expect(pass.gradient.values.allSatisfy { $0 == 0 })
  }

  @Test func `a scalar head's gradients are its inputs`() {
    var head = ScalarHead(width: 24, seed: 3)
    head.parameters.set(ScalarHead.biasName, Matrix(rows: 1, columns: 1, values: [0.25]))
    let hidden = Self.hidden.rows(0..<2)
    let weight = head.parameters.matrices[0]
    let dot = (0..<24).reduce(0.25) { $0 + Double(hidden[1, $1]) * Double(weight[0, $1]) }
    #expect(abs(Double(head.forward(hidden)[1]) - dot) < 1e-6)
    let (parameters, gradient) = head.backward([0, 2], hidden: hidden)
    #expect(gradient.row(1) == weight.row(0).map { $0 * 2 })
    #expect(gradient.row(0).allSatisfy { $0 == 0 })
    #expect(parameters[ScalarHead.weightName]?.row(0) == hidden.row(1).map { $0 * 2 })
    #expect(parameters[ScalarHead.biasName]?[0, 0] == 2)
  }
}

internal import Foundation

/// One human preference seen through the principles.
package struct WeightFittingPair: Sendable, Equatable {
  /// (K) score of the first answer minus score of the second, per principle, in score units.
  package var differences: [Double]
  /// Probability that the first answer is preferred, zero to one.
  package var target: Double

  /// Creates a pair.
  package init(differences: [Double], target: Double) {
    self.differences = differences
    self.target = target
  }
}

/// Weights that explain human preferences best, with how well they do it.
package struct FittedWeights: Sendable, Equatable {
  /// (K) coefficients on differences divided by their own scale.
  package let coefficients: [Double]
  /// (K) root mean square of each principle's differences, in score units.
  package let scales: [Double]
  /// Mean log-loss of the fit, nats a pair.
  package let loss: Double
  /// Share of pairs with a clear target that the fit orders correctly.
  package let accuracy: Double

  /// Weights for scores that are standardised by `deviations`, as the scalarizer applies them.
  package func weights(standardDeviations deviations: [Double]) -> [Double] {
    zip(zip(coefficients, scales), deviations).map { $0.0 / $0.1 * $1 }
  }
}

/// Fits linear weights to preferences by logistic regression (METHODS A(b) 7).
///
/// Each pair counts with both signs. Entered so, every feature has mean zero and the intercept is
/// zero by symmetry; both signs of a pair have the same loss, so each pair is computed once.
package struct WeightFitting: Sendable {
  /// Strength of the squared penalty on standardised coefficients; zero as in the reference.
  package var ridge: Double
  /// Newton steps before the fit counts as diverged.
  package var stepCountMax: Int

  /// Creates a fitter.
  package init(ridge: Double = 0, stepCountMax: Int = 100) {
    self.ridge = ridge
    self.stepCountMax = stepCountMax
  }

  /// Fits the weights.
  ///
  /// - Parameters:
  ///   - pairs: at least as many as principles.
  ///   - principles: (K) ids, used to name what is refused.
  /// - Returns: the coefficients with the loss and accuracy they reach on these pairs.
  /// - Throws: `ScalarizationError` when a value is not finite, a principle never differs, or the
  ///   pairs are separable so that no finite weights exist.
  package func fit(
    _ pairs: [WeightFittingPair],
    principles: [String]
  ) throws(ScalarizationError) -> FittedWeights {
    let width = principles.count
    guard width > 0 else { throw .noPrinciples }
    guard pairs.count >= width else { throw .tooFewPairs(count: pairs.count, needed: width) }
    let scales = try scales(pairs, principles)
    let features = pairs.flatMap { pair in zip(pair.differences, scales).map { $0 / $1 } }
    let targets = pairs.map(\.target)
    var coefficients = [Double](repeating: 0, count: width)
    var value = objective(features, targets, coefficients)
    var hasSettled = false
    for _ in 0..<stepCountMax {
      let step = try newtonStep(features, targets, coefficients)
      var length = 1.0
      var candidate = coefficients
      var candidateValue = value
      repeat {
        candidate = zip(coefficients, step).map { $0 + length * $1 }
        candidateValue = objective(features, targets, candidate)
        length /= 2
      } while candidateValue > value && length > 1e-9
      let change = zip(candidate, coefficients).map { abs($0 - $1) }.max() ?? 0
      if candidateValue <= value {
        coefficients = candidate
        value = candidateValue
      }
      // A difference of 50 standard deviations in log-odds is no preference anyone measured.
      if coefficients.contains(where: { abs($0) > 50 }) { throw .fitDiverged }
      if change < 1e-10 || length <= 1e-9 {
        hasSettled = true
        break
      }
    }
    guard hasSettled else { throw .fitDiverged }
    return FittedWeights(
      coefficients: coefficients,
      scales: scales,
      loss: value - penalty(coefficients),
      accuracy: accuracy(features, targets, coefficients)
    )
  }

  private func scales(
    _ pairs: [WeightFittingPair],
    _ principles: [String]
  ) throws(ScalarizationError) -> [Double] {
    var squares = [Double](repeating: 0, count: principles.count)
    for (index, pair) in pairs.enumerated() {
      guard pair.differences.count == principles.count else {
        throw .shapeMismatch(
          values: pair.differences.count,
          rows: 1,
          principles: principles.count
        )
      }
      guard pair.target >= 0, pair.target <= 1 else {
        throw .invalidTarget(pair: index, value: pair.target)
      }
      for (column, difference) in pair.differences.enumerated() {
        guard difference.isFinite else {
          throw .nonFiniteScore(principle: principles[column], row: index, value: difference)
        }
        squares[column] += difference * difference
      }
    }
    let scales = squares.map { ($0 / Double(pairs.count)).squareRoot() }
    for (column, scale) in scales.enumerated() where !(scale > 0 && scale.isFinite) {
      throw .constantFeature(principles[column])
    }
    return scales
  }

  private func penalty(_ coefficients: [Double]) -> Double {
    0.5 * ridge * coefficients.reduce(0) { $0 + $1 * $1 }
  }

  private func score(_ features: [Double], _ row: Int, _ coefficients: [Double]) -> Double {
    let start = row * coefficients.count
    return coefficients.indices.reduce(0) { $0 + coefficients[$1] * features[start + $1] }
  }

  private func objective(
    _ features: [Double],
    _ targets: [Double],
    _ coefficients: [Double]
  ) -> Double {
    var total = 0.0
    for (row, target) in targets.enumerated() {
      let margin = score(features, row, coefficients)
      total += ScalarizationRules.softplus(margin) - target * margin
    }
    return total / Double(targets.count) + penalty(coefficients)
  }

  private func accuracy(
    _ features: [Double],
    _ targets: [Double],
    _ coefficients: [Double]
  ) -> Double {
    var right = 0
    var counted = 0
    for (row, target) in targets.enumerated() where target != 0.5 {
      counted += 1
      if (score(features, row, coefficients) > 0) == (target > 0.5) { right += 1 }
    }
    return counted == 0 ? 0 : Double(right) / Double(counted)
  }

  /// Solves `H step = -gradient` by Cholesky.
  private func newtonStep(
    _ features: [Double],
    _ targets: [Double],
    _ coefficients: [Double]
  ) throws(ScalarizationError) -> [Double] {
    let width = coefficients.count
    let count = Double(targets.count)
    var gradient = coefficients.map { ridge * $0 }
    var hessian = [Double](repeating: 0, count: width * width)
    for column in 0..<width { hessian[column * width + column] = ridge }
    for (row, target) in targets.enumerated() {
      let probability = ScalarizationRules.sigmoid(score(features, row, coefficients))
      let curvature = probability * (1 - probability) / count
      let start = row * width
      for i in 0..<width {
        gradient[i] += (probability - target) * features[start + i] / count
        let scaled = curvature * features[start + i]
        for j in 0...i { hessian[i * width + j] += scaled * features[start + j] }
      }
    }
    return try solve(hessian, gradient.map { -$0 })
  }

  /// Cholesky on the lower triangle; a pivot near zero means that no unique weights exist.
  private func solve(
    _ matrix: [Double],
    _ right: [Double]
  ) throws(ScalarizationError) -> [Double] {
    let width = right.count
    var lower = matrix
    var result = right
    for i in 0..<width {
      for j in 0...i {
        var sum = lower[i * width + j]
        for k in 0..<j { sum -= lower[i * width + k] * lower[j * width + k] }
        if i == j {
          guard sum > 1e-13 else { throw .fitDiverged }
          lower[i * width + i] = sum.squareRoot()
        } else {
          lower[i * width + j] = sum / lower[j * width + j]
        }
      }
    }
    for i in 0..<width {
      for k in 0..<i { result[i] -= lower[i * width + k] * result[k] }
      result[i] /= lower[i * width + i]
    }
    for i in stride(from: width - 1, through: 0, by: -1) {
      for k in i + 1..<max(width, i + 1) { result[i] -= lower[k * width + i] * result[k] }
      result[i] /= lower[i * width + i]
    }
    return result
  }
}

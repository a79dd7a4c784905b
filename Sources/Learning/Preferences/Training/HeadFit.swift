internal import LanguageModels
internal import Tensors

/// Fits a scalar head to labels on fixed hidden states, before any adapter is trained.
///
/// Hidden states have hundreds of columns of very different sizes, and there are a few hundred pairs:
/// a random head is noise that little training does not remove. Logistic regression on differences of
/// standardised states under a ridge has one best answer and takes a moment.
struct HeadFit {
  /// Weight of half the squared norm of the standardised coefficients, beside a mean loss.
  let ridge: Double
  /// Newton's steps end when no coefficient moves further than this.
  var tolerance = 1e-6
  private static let stepCount = 10

  /// One labelled difference.
  struct Pair {
    let first: Int
    let second: Int
    let target: Double
    /// Index of the prompt; pairs of one prompt are never on both sides of a split.
    let prompt: Int
  }

  /// Fits the head's weight.
  ///
  /// - Parameters:
  ///   - states: (texts, width).
  ///   - pairs: indices of rows, at least one pair.
  /// - Returns: the weight (1, width) on states as they are.
  func weight(states: Matrix, pairs: [Pair]) -> Matrix {
    let width = states.columns
    let scales = Self.inverseDeviations(states)
    var differences = Matrix(rows: pairs.count, columns: width)
    states.withSpan { all in
      differences.withMutableSpan { values in
        for (row, pair) in pairs.enumerated() {
          for column in 0..<width {
            let difference = all[pair.first * width + column] - all[pair.second * width + column]
            values[row * width + column] = difference * scales[column]
          }
        }
      }
    }
    var coefficients = [Double](repeating: 0, count: width)
    for _ in 0..<Self.stepCount {
      let step = newtonStep(differences, pairs, coefficients)
      for column in 0..<width { coefficients[column] += step[column] }
      if (step.map { abs($0) }.max() ?? 0) < tolerance { break }
    }
    return Matrix(
      rows: 1,
      columns: width,
      values: zip(coefficients, scales).map { Float($0) * $1 }
    )
  }

  private static func inverseDeviations(_ states: Matrix) -> [Float] {
    let count = Double(max(states.rows, 1))
    var sums = [Double](repeating: 0, count: states.columns)
    var squares = sums
    states.withSpan { values in
      for row in 0..<states.rows {
        for column in sums.indices {
          let value = Double(values[row * sums.count + column])
          sums[column] += value
          squares[column] += value * value
        }
      }
    }
    return zip(sums, squares).map { sum, square in
      let variance = max(square / count - (sum / count) * (sum / count), 0)
      return variance > 1e-12 ? Float(1 / variance.squareRoot()) : 0
    }
  }

  /// Solves `(D' W D / n + ridge) step = -gradient`.
  private func newtonStep(
    _ differences: Matrix,
    _ pairs: [Pair],
    _ coefficients: [Double]
  ) -> [Double] {
    let width = coefficients.count
    let share = 1 / Double(pairs.count)
    var gradient = coefficients.map { $0 * ridge }
    var weighted = differences
    weighted.withMutableSpan { values in
      for (row, pair) in pairs.enumerated() {
        let start = row * width
        var margin = 0.0
        for column in 0..<width { margin += Double(values[start + column]) * coefficients[column] }
        let probability = BradleyTerryLoss.sigmoid(margin)
        let slope = (probability - pair.target) * share
        let curvature = Float((probability * (1 - probability) * share).squareRoot())
        for column in 0..<width {
          gradient[column] += slope * Double(values[start + column])
          values[start + column] *= curvature
        }
      }
    }
    var curvature = Matrix.product(transposed: weighted, weighted).values.map { Double($0) }
    for column in 0..<width { curvature[column * width + column] += ridge }
    return Self.solve(&curvature, gradient.map { -$0 })
  }

  /// Solves a positive definite system by Cholesky's factors, in place of the matrix.
  private static func solve(_ matrix: inout [Double], _ right: [Double]) -> [Double] {
    let width = right.count
    var result = right
    var lower = matrix.mutableSpan
    for i in 0..<width {
      for j in 0...i {
        var sum = lower[i * width + j]
        for k in 0..<j { sum -= lower[i * width + k] * lower[j * width + k] }
        lower[i * width + j] =
          i == j ? max(sum, 1e-12).squareRoot() : sum / lower[j * width + j]
      }
    }
    for i in 0..<width {
      for k in 0..<i { result[i] -= lower[i * width + k] * result[k] }
      result[i] /= lower[i * width + i]
    }
    for i in (0..<width).reversed() {
      for k in i + 1..<max(width, i + 1) { result[i] -= lower[k * width + i] * result[k] }
      result[i] /= lower[i * width + i]
    }
    return result
  }
}

package import Tensors

/// A linear map from hidden states to one number: a preference model's score, a value estimate.
package struct ScalarHead: Sendable, Equatable {
  /// The name of the weight (1, width) in `parameters`.
  package static let weightName = "score.weight"
  /// The name of the bias (1, 1) in `parameters`.
  package static let biasName = "score.bias"

  /// Weight and bias; replace their numbers, not their names or shapes.
  package var parameters: ParameterSet

  /// Makes a head that answers 0 everywhere (PEERS 4, item 29: a value head on the policy).
  package init(zeroWidth width: Int) {
    parameters = ParameterSet()
    parameters.set(Self.weightName, Matrix(rows: 1, columns: width))
    parameters.set(Self.biasName, Matrix(rows: 1, columns: 1))
  }

  /// Makes a head of normal weights with deviation `1 / sqrt(width + 1)` (PEERS 4, item 21).
  package init(width: Int, seed: UInt64) {
    self.init(zeroWidth: width)
    var generator = SeededGenerator(seed: seed, stream: 0x68_6561_64)
    let deviation = 1 / Double(width + 1).squareRoot()
    parameters.set(
      Self.weightName,
      .normal(rows: 1, columns: width, deviation: deviation, using: &generator)
    )
  }

  /// Makes a head with saved parameters.
  ///
  /// - Throws: `TensorError` when they do not fit.
  package init(width: Int, parameters: ParameterSet) throws(TensorError) {
    self.init(zeroWidth: width)
    try self.parameters.load(parameters)
  }

  private var weight: Matrix { parameters.matrices[0] }
  private var bias: Float { parameters.matrices[1][0, 0] }

  /// Returns a number for each row of hidden states.
  ///
  /// - Parameter hidden: (rows, width).
  /// - Returns: One number a row, summed in double.
  package func forward(_ hidden: Matrix) -> [Float] {
    precondition(hidden.columns == weight.columns, "hidden states of another width")
    return hidden.withValues { values in
      weight.withValues { weight in
        (0..<hidden.rows).map { row in
          var sum = Double(bias)
          let start = row * weight.count
          for column in 0..<weight.count {
            sum += Double(values[start + column]) * Double(weight[column])
          }
          return Float(sum)
        }
      }
    }
  }

  /// The gradients of the parameters and of the hidden states, from the numbers' gradient.
  package func backward(
    _ gradient: [Float],
    hidden: Matrix
  ) -> (parameters: ParameterSet, hidden: Matrix) {
    precondition(gradient.count == hidden.rows, "one derivative for each row")
    let column = Matrix(rows: hidden.rows, columns: 1, values: gradient)
    var gradients = parameters.zeros()
    gradients.set(Self.weightName, .product(transposed: column, hidden))
    gradients.set(
      Self.biasName,
      Matrix(rows: 1, columns: 1, values: [Float(gradient.reduce(0.0) { $0 + Double($1) })])
    )
    return (gradients, .product(column, weight))
  }
}

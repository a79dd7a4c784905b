internal import CKernels

extension Matrix {
  /// Returns `left * right`.
  package static func product(_ left: Matrix, _ right: Matrix) -> Matrix {
    let result = Tile(rows: left.rows, columns: right.columns)
    multiply(left.tile, right.tile, into: result)
    return Matrix(takingOwnership: result)
  }

  /// Returns `left * right^T`.
  package static func product(_ left: Matrix, transposed right: Matrix) -> Matrix {
    let result = Tile(rows: left.rows, columns: right.rows)
    multiply(left.tile, transposed: right.tile, into: result)
    return Matrix(takingOwnership: result)
  }

  /// Returns `left^T * right`.
  package static func product(transposed left: Matrix, _ right: Matrix) -> Matrix {
    let result = Tile(rows: left.columns, columns: right.columns)
    multiply(transposed: left.tile, right.tile, into: result)
    return Matrix(takingOwnership: result)
  }

  /// Adds `scale * other`, of the same shape.
  package mutating func add(_ other: Matrix, scale: Float = 1) {
    precondition(rows == other.rows && columns == other.columns, "shapes differ")
    withMutableValues { values in
      other.withValues { added in
        guard let to = values.baseAddress, let from = added.baseAddress else { return }
        kernel_add_scaled(to, from, scale, values.count)
      }
    }
  }

  /// Multiplies every element by `factor`.
  package mutating func scale(by factor: Float) {
    withMutableValues { values in
      guard let base = values.baseAddress else { return }
      kernel_scale(base, factor, values.count)
    }
  }

  /// The sum of the squares of all elements.
  package var sumOfSquares: Double {
    withValues { values in
      guard let base = values.baseAddress else { return 0 }
      return kernel_sum_of_squares(base, values.count)
    }
  }

  /// Whether no element is infinite or not a number.
  package var isFinite: Bool {
    withValues { $0.allSatisfy(\.isFinite) }
  }
}

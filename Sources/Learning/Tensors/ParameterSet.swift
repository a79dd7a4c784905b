internal import Synchronization

/// Matrices by name in a fixed order: parameters, their gradients, or an optimiser's moments.
package struct ParameterSet: Sendable, Equatable {
  /// The names, in the order they were added.
  package private(set) var names: [String]
  /// The matrices, in the order of the names.
  package private(set) var matrices: [Matrix]
  private var positions: [String: Int]

  /// Makes an empty set.
  package init() {
    names = []
    matrices = []
    positions = [:]
  }

  /// How many matrices there are.
  package var count: Int { names.count }

  /// How many numbers there are in all.
  package var elementCount: Int { matrices.reduce(0) { $0 + $1.count } }

  /// Adds a matrix under a new name, or replaces the one that has it.
  package mutating func set(_ name: String, _ matrix: Matrix) {
    if let position = positions[name] {
      matrices[position] = matrix
    } else {
      positions[name] = names.count
      names.append(name)
      matrices.append(matrix)
    }
  }

  /// The matrix of a name.
  package subscript(name: String) -> Matrix? {
    positions[name].map { matrices[$0] }
  }

  /// The place of a name in the order.
  package func position(of name: String) -> Int? { positions[name] }

  /// Changes one matrix in place.
  package mutating func update<R>(_ position: Int, _ body: (inout Matrix) -> R) -> R {
    body(&matrices[position])
  }

  /// Lends all matrices for writing, in their order.
  package mutating func withTiles<R>(_ body: ([Tile]) -> R) -> R {
    body(matrices.indices.map { matrices[$0].writableTile() })
  }

  /// Sets every number to zero, in place.
  package mutating func clear() {
    withTiles { tiles in Threads.forEach(tiles.count) { tiles[$0].fill(0) } }
  }

  /// A set of the same names and shapes, all zero.
  package func zeros() -> ParameterSet {
    var result = self
    result.matrices = matrices.map { Matrix(rows: $0.rows, columns: $0.columns) }
    return result
  }

  /// Whether both have the same names, order and shapes.
  package func matches(_ other: ParameterSet) -> Bool {
    names == other.names
      && zip(matrices, other.matrices).allSatisfy { $0.rows == $1.rows && $0.columns == $1.columns }
  }

  /// Adds `scale * other`, which has the same names and shapes.
  package mutating func add(_ other: ParameterSet, scale: Float = 1) {
    precondition(matches(other), "parameter sets differ in names or shapes")
    for index in matrices.indices { matrices[index].add(other.matrices[index], scale: scale) }
  }

  /// Multiplies every number by `factor`.
  package mutating func scale(by factor: Float) {
    for index in matrices.indices { matrices[index].scale(by: factor) }
  }

  /// The Euclidean norm over all numbers.
  package var norm: Double {
    // Each matrix by one thread and the sums in order, so that the thread count changes no bit.
    let squares = Mutex([Double](repeating: 0, count: count))
    Threads.forEach(count) { index in
      let square = matrices[index].sumOfSquares
      squares.withLock { $0[index] = square }
    }
    return squares.withLock { $0.reduce(0, +) }.squareRoot()
  }

  /// Whether no number is infinite or not a number.
  package var isFinite: Bool { matrices.allSatisfy(\.isFinite) }

  /// This set followed by another whose names are new.
  package func merging(_ other: ParameterSet) -> ParameterSet {
    var result = self
    for (name, matrix) in zip(other.names, other.matrices) {
      precondition(positions[name] == nil, "the name \(name) is in both parameter sets")
      result.set(name, matrix)
    }
    return result
  }

  /// The matrices whose names satisfy a condition.
  package func filter(_ isIncluded: (String) -> Bool) -> ParameterSet {
    var result = ParameterSet()
    for (name, matrix) in zip(names, matrices) where isIncluded(name) { result.set(name, matrix) }
    return result
  }

  /// The same matrices under names with `prefix` in front.
  package func prefixed(_ prefix: String) -> ParameterSet {
    var result = ParameterSet()
    for (name, matrix) in zip(names, matrices) { result.set(prefix + name, matrix) }
    return result
  }

  /// Takes the numbers of `other` for each of this set's names.
  ///
  /// - Throws: `TensorError.missingParameter` or `TensorError.shapeMismatch`, nothing taken over.
  package mutating func load(_ other: ParameterSet) throws(TensorError) {
    var loaded = matrices
    for (index, name) in names.enumerated() {
      guard let matrix = other[name] else { throw TensorError.missingParameter(name: name) }
      let own = matrices[index]
      guard matrix.rows == own.rows, matrix.columns == own.columns else {
        throw TensorError.shapeMismatch(
          name: name,
          expected: [own.rows, own.columns],
          found: [matrix.rows, matrix.columns]
        )
      }
      loaded[index] = matrix
    }
    matrices = loaded
  }

  /// Scales the whole set so that its norm is at most `limit`.
  ///
  /// - Returns: The norm before clipping.
  @discardableResult
  package mutating func clipNorm(to limit: Double) -> Double {
    let norm = norm
    if norm > limit && norm.isFinite { scale(by: Float(limit / norm)) }
    return norm
  }
}

/// A row-major matrix of 32-bit floats, a value like an array.
///
/// Storage is shared until written to. Kernels work on `tile`, its window, and make new matrices
/// out of tiles they filled.
package struct Matrix: Sendable {
  /// The number of rows.
  package let rows: Int
  /// The number of columns.
  package let columns: Int
  private var storage: FloatBuffer

  /// Makes a matrix of zeros.
  package init(rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0, "a matrix's extents are not negative")
    self.rows = rows
    self.columns = columns
    storage = FloatBuffer(count: rows * columns, zeroed: true)
  }

  /// Makes a matrix from its elements, row after row.
  package init(rows: Int, columns: Int, values: some Collection<Float>) {
    precondition(values.count == rows * columns, "a matrix needs rows x columns values")
    self.rows = rows
    self.columns = columns
    storage = FloatBuffer(count: rows * columns, zeroed: false)
    let target = UnsafeMutableBufferPointer(start: storage.base, count: rows * columns)
    _ = target.initialize(fromContentsOf: values)
  }

  /// Takes over a tile that was just filled; whoever made it must not write to it again.
  ///
  /// A tile that is a whole buffer is adopted; any other is copied.
  package init(takingOwnership tile: Tile) {
    rows = tile.rows
    columns = tile.columns
    if tile.offset == 0 && tile.isContiguous && tile.buffer.count == tile.rows * tile.columns {
      storage = tile.buffer
    } else {
      let whole = Tile(rows: tile.rows, columns: tile.columns)
      whole.copy(from: tile)
      storage = whole.buffer
    }
  }

  /// The number of elements.
  package var count: Int { rows * columns }

  /// The window over the whole matrix, for reading only.
  package var tile: Tile {
    Tile(buffer: storage, offset: 0, rows: rows, columns: columns, stride: columns)
  }

  /// The window over the whole matrix, for writing; whoever has it is done with it before the matrix
  /// is read or copied.
  package mutating func writableTile() -> Tile {
    makeUnique()
    return tile
  }

  /// The elements, row after row.
  package var values: [Float] {
    Array(UnsafeBufferPointer(start: storage.base, count: count))
  }

  /// The element at a row and a column.
  package subscript(row: Int, column: Int) -> Float {
    get {
      precondition(isInside(row, column), "an element outside the matrix")
      return storage.base[row * columns + column]
    }
    set {
      precondition(isInside(row, column), "an element outside the matrix")
      makeUnique()
      storage.base[row * columns + column] = newValue
    }
  }

  /// A copy of one row.
  package func row(_ index: Int) -> [Float] {
    precondition(index >= 0 && index < rows, "a row outside the matrix")
    return Array(UnsafeBufferPointer(start: storage.base + index * columns, count: columns))
  }

  /// A copy of some rows that follow one another.
  package func rows(_ range: Range<Int>) -> Matrix {
    let part = Tile(rows: range.count, columns: columns)
    part.copy(from: tile.rows(range))
    return Matrix(takingOwnership: part)
  }

  /// A copy of the chosen rows, in the order given.
  package func gatheringRows(_ indices: [Int]) -> Matrix {
    let part = Tile(rows: indices.count, columns: columns)
    part.gather(indices, from: tile)
    return Matrix(takingOwnership: part)
  }

  /// Lends the elements for reading, row after row.
  package func withValues<R, E: Error>(
    _ body: (UnsafeBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R {
    try body(UnsafeBufferPointer(start: storage.base, count: count))
  }

  /// Lends the elements for writing, row after row.
  package mutating func withMutableValues<R, E: Error>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R {
    makeUnique()
    return try body(UnsafeMutableBufferPointer(start: storage.base, count: count))
  }

  /// Lends the elements for reading, row after row, to callers without raw memory.
  package func withSpan<R, E: Error>(_ body: (Span<Float>) throws(E) -> R) throws(E) -> R {
    try body(UnsafeBufferPointer(start: storage.base, count: count).span)
  }

  /// Lends the elements for writing, row after row, to callers without raw memory.
  package mutating func withMutableSpan<R, E: Error>(
    _ body: (inout MutableSpan<Float>) throws(E) -> R
  ) throws(E) -> R {
    makeUnique()
    var elements = UnsafeMutableBufferPointer(start: storage.base, count: count).mutableSpan
    return try body(&elements)
  }

  /// Stacks matrices of equal width on top of each other.
  package static func stacking(_ parts: [Matrix]) -> Matrix {
    let columns = parts.first?.columns ?? 0
    let whole = Tile(rows: parts.reduce(0) { $0 + $1.rows }, columns: columns)
    var row = 0
    for part in parts {
      whole.rows(row..<row + part.rows).copy(from: part.tile)
      row += part.rows
    }
    return Matrix(takingOwnership: whole)
  }

  private func isInside(_ row: Int, _ column: Int) -> Bool {
    row >= 0 && row < rows && column >= 0 && column < columns
  }

  private mutating func makeUnique() {
    guard !isKnownUniquelyReferenced(&storage) else { return }
    let copy = FloatBuffer(count: count, zeroed: false)
    copy.base.update(from: storage.base, count: count)
    storage = copy
  }
}

extension Matrix: Equatable {
  /// Whether shapes and all elements are equal.
  package static func == (left: Matrix, right: Matrix) -> Bool {
    guard left.rows == right.rows, left.columns == right.columns else { return false }
    return left.withValues { l in right.withValues { r in l.elementsEqual(r) } }
  }
}

internal import CKernels

/// A rectangular window into a buffer: what kernels read and write.
///
/// Several tiles may look into one buffer (the query columns of a joint query-key-value product,
/// the rows of one sequence in a packed batch), which is how sub-blocks are multiplied without
/// copies. A tile keeps its buffer alive. It has reference semantics: `Matrix` is the value.
package struct Tile: Sendable {
  /// The memory looked into.
  package let buffer: FloatBuffer
  /// Where the first element lies, in floats from the buffer's start.
  package let offset: Int
  /// The number of rows.
  package let rows: Int
  /// The number of columns.
  package let columns: Int
  /// The distance from one row to the next, in floats.
  package let stride: Int

  /// Allocates a tile of its own, rows close together.
  package init(rows: Int, columns: Int, zeroed: Bool = false) {
    self.init(
      buffer: FloatBuffer(count: rows * columns, zeroed: zeroed),
      offset: 0,
      rows: rows,
      columns: columns,
      stride: columns
    )
  }

  /// Makes a window into `buffer`.
  package init(buffer: FloatBuffer, offset: Int, rows: Int, columns: Int, stride: Int) {
    precondition(rows >= 0 && columns >= 0 && offset >= 0, "a tile's extents are not negative")
    precondition(
      rows == 0 || columns == 0 || offset + (rows - 1) * stride + columns <= buffer.count,
      "a tile reaches past its buffer"
    )
    self.buffer = buffer
    self.offset = offset
    self.rows = rows
    self.columns = columns
    self.stride = stride
  }

  /// The first element's address; valid while the tile is.
  package var pointer: UnsafeMutablePointer<Float> { buffer.base + offset }

  /// Whether the rows follow one another without gaps.
  package var isContiguous: Bool { stride == columns || rows <= 1 }

  /// The window over some of the rows.
  package func rows(_ range: Range<Int>) -> Tile {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows outside the tile")
    return Tile(
      buffer: buffer,
      offset: offset + range.lowerBound * stride,
      rows: range.count,
      columns: columns,
      stride: stride
    )
  }

  /// The window over some of the columns.
  package func columns(_ range: Range<Int>) -> Tile {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns outside the tile")
    return Tile(
      buffer: buffer,
      offset: offset + range.lowerBound,
      rows: rows,
      columns: range.count,
      stride: stride
    )
  }

  /// Copies `source`, of the same shape, into this window.
  package func copy(from source: Tile) {
    precondition(source.rows == rows && source.columns == columns, "shapes differ")
    if isContiguous && source.isContiguous {
      pointer.update(from: source.pointer, count: rows * columns)
      return
    }
    for row in 0..<rows {
      (pointer + row * stride).update(from: source.pointer + row * source.stride, count: columns)
    }
  }

  /// Sets every element to `value`.
  package func fill(_ value: Float) {
    for row in 0..<rows { (pointer + row * stride).update(repeating: value, count: columns) }
  }

  /// Adds `source`, of the same shape.
  package func add(_ source: Tile) {
    precondition(source.rows == rows && source.columns == columns, "shapes differ")
    for row in 0..<rows {
      kernel_add_scaled(pointer + row * stride, source.pointer + row * source.stride, 1, columns)
    }
  }

  /// Multiplies every element by `factor`.
  package func scale(by factor: Float) {
    for row in 0..<rows { kernel_scale(pointer + row * stride, factor, columns) }
  }

  /// Adds the chosen rows of `source`, in the order given.
  package func addRows(_ indices: [Int], of source: Tile) {
    precondition(indices.count == rows && source.columns == columns, "shapes differ")
    for (row, index) in indices.enumerated() {
      precondition(index >= 0 && index < source.rows, "a row outside the source")
      kernel_add_scaled(pointer + row * stride, source.pointer + index * source.stride, 1, columns)
    }
  }

  /// Copies the chosen rows of `source`, in the order given, into this window.
  package func gather(_ indices: [Int], from source: Tile) {
    precondition(indices.count == rows && source.columns == columns, "shapes differ")
    for (row, index) in indices.enumerated() {
      precondition(index >= 0 && index < source.rows, "a row outside the source")
      (pointer + row * stride).update(from: source.pointer + index * source.stride, count: columns)
    }
  }

  /// Adds each row to the chosen row of `target`; a row may be chosen more than once.
  package func scatterAdd(_ indices: [Int], to target: Tile) {
    precondition(indices.count == rows && target.columns == columns, "shapes differ")
    for (row, index) in indices.enumerated() {
      precondition(index >= 0 && index < target.rows, "a row outside the target")
      kernel_add_scaled(target.pointer + index * target.stride, pointer + row * stride, 1, columns)
    }
  }
}

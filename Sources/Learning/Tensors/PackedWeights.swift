internal import CKernels

/// A linear map's weights in the order in which products read them, in either direction.
///
/// Products with packed weights reach nearly the speed of the arithmetic units from 8 rows on, and
/// an element of the result has the same bits whatever other rows travel with it and however the
/// work is shared out. OpenBLAS, which packs anew at every call, gives neither.
///
/// In bfloat16 the weights take half of the memory, and products twice the speed where the processor
/// has the instructions; inputs are rounded to bfloat16 too, and sums are in float32. A product of
/// two such numbers is exact, so all processors give the same bits.
///
/// - Complexity: `2 * rows * inputs * outputs` operations in either direction; the forward product
///   reads each weight once for every 252 rows (or 400 KiB of rows, if that is less).
package struct PackedWeights: Sendable {
  /// The number of outputs.
  package let outputs: Int
  /// The number of inputs.
  package let inputs: Int
  /// What the weights are kept in.
  package let format: WeightFormat
  private let buffer: FloatBuffer

  /// Multiplications and additions of a product with so many rows.
  package func operations(rows: Int) -> Int { 2 * rows * inputs * outputs }

  /// Packs weights.
  ///
  /// - Parameters:
  ///   - weights: (outputs, inputs).
  ///   - format: what they are kept in.
  package init(_ weights: Tile, _ format: WeightFormat = WeightFormat()) {
    precondition(format.level <= .detected, "the processor has no \(format.level)")
    outputs = weights.rows
    inputs = weights.columns
    self.format = format
    let bytes = kernel_packed_bytes(format.precision.element, weights.rows, weights.columns)
    buffer = FloatBuffer(count: (bytes + 3) / 4, zeroed: false)
    withKernel { kernel_pack($0, weights.pointer, weights.stride) }
  }

  /// The number of bytes that the weights take.
  package var byteCount: Int { buffer.count * MemoryLayout<Float>.stride }

  /// Computes `y = x * W^T`, or adds it to `y`: (rows, inputs) to (rows, outputs).
  package func multiply(_ x: Tile, into y: Tile, accumulate: Bool = false) {
    precondition(x.columns == inputs && y.columns == outputs && x.rows == y.rows, "shapes differ")
    // The weights are cut, not the rows: each thread then reads half of the weights, once.
    share(rows: x.rows, columns: outputs) { panels in
      withKernel {
        kernel_packed_multiply(
          y.pointer,
          y.stride,
          x.pointer,
          x.stride,
          x.rows,
          $0,
          panels.lowerBound,
          panels.upperBound,
          accumulate ? 1 : 0
        )
      }
    }
  }

  /// Computes `dx = dy * W`, or adds it to `dx`: (rows, outputs) to (rows, inputs).
  package func multiplyTransposed(_ dy: Tile, into dx: Tile, accumulate: Bool = false) {
    precondition(dy.columns == outputs && dx.columns == inputs, "shapes differ")
    precondition(dy.rows == dx.rows, "shapes differ")
    share(rows: dy.rows, columns: inputs) { panels in
      withKernel {
        kernel_packed_multiply_transposed(
          dx.pointer,
          dx.stride,
          dy.pointer,
          dy.stride,
          dy.rows,
          $0,
          panels.lowerBound,
          panels.upperBound,
          accumulate ? 1 : 0
        )
      }
    }
  }

  /// Copies the weights of chosen outputs, in the order given: (indices, inputs).
  package func copyRows(_ indices: [Int], into rows: Tile) {
    precondition(indices.count == rows.rows && rows.columns == inputs, "shapes differ")
    for (row, index) in indices.enumerated() {
      precondition(index >= 0 && index < outputs, "an output that the weights do not have")
      withKernel {
        kernel_unpack($0, rows.pointer + row * rows.stride, rows.stride, index, index + 1)
      }
    }
  }

  /// The weights as they were packed, rounded to their precision: (outputs, inputs).
  package func unpacked() -> Matrix {
    let rows = Tile(rows: outputs, columns: inputs)
    forRows(outputs, width: inputs) { range in
      withKernel {
        let start = rows.pointer + range.lowerBound * inputs
        kernel_unpack($0, start, inputs, range.lowerBound, range.upperBound)
      }
    }
    return Matrix(takingOwnership: rows)
  }

  /// Runs `body` over ranges of panels that together make all columns of a product.
  private func share(rows: Int, columns: Int, _ body: (Range<Int>) -> Void) {
    guard rows > 0, columns > 0 else { return }
    let width = Int(kernel_panel_width)
    let panelCount = (columns + width - 1) / width
    let isSmall = rows * inputs * outputs < 1 << 19
    guard !isSmall, !Threads.isNested else { return body(0..<panelCount) }
    let ranges = Threads.split(panelCount, parts: Threads.count)
    Threads.forEach(ranges.count) { body(ranges[$0]) }
  }

  private func withKernel(_ body: (UnsafePointer<kernel_packed>) -> Void) {
    var weights = kernel_packed(
      panels: UnsafeMutableRawPointer(buffer.base),
      outputs: outputs,
      inputs: inputs,
      element: format.precision.element,
      level: format.level.kernel
    )
    body(&weights)
  }
}

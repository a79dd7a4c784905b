internal import CKernels

/// A linear map's weights in the order in which the product reads them.
///
/// Products with packed weights reach the speed of the arithmetic units from 32 rows on, and each
/// row's result has the same bits whatever other rows travel with it. OpenBLAS gives neither.
package struct PackedWeights: Sendable {
  /// The number of outputs.
  package let outputs: Int
  /// The number of inputs.
  package let inputs: Int
  private let buffer: FloatBuffer

  private var panelCount: Int { (outputs + panelWidth - 1) / panelWidth }
  private var panelWidth: Int { Int(kernel_panel_width) }

  /// Packs weights: (outputs, inputs).
  package init(_ weights: Tile) {
    outputs = weights.rows
    inputs = weights.columns
    buffer = FloatBuffer(count: kernel_packed_count(weights.rows, weights.columns), zeroed: false)
    kernel_pack(buffer.base, weights.pointer, weights.stride, outputs, inputs)
  }

  /// Computes `y = x * W^T`, or adds it to `y`: (rows, inputs) to (rows, outputs).
  package func multiply(_ x: Tile, into y: Tile, accumulate: Bool = false) {
    precondition(x.columns == inputs && y.columns == outputs && x.rows == y.rows, "shapes differ")
    guard x.rows > 0 else { return }
    let run = { (panels: Range<Int>) in
      kernel_packed_multiply(
        y.pointer,
        y.stride,
        x.pointer,
        x.stride,
        buffer.base,
        x.rows,
        outputs,
        inputs,
        panels.lowerBound,
        panels.upperBound,
        accumulate ? 1 : 0
      )
    }
    // The weights are cut, not the rows: each thread then reads half of the weights, once.
    let isSmall = x.rows * inputs * outputs < 1 << 19
    guard !isSmall, !Threads.isNested else { return run(0..<panelCount) }
    let ranges = Threads.split(panelCount, parts: Threads.count)
    Threads.forEach(ranges.count) { run(ranges[$0]) }
  }
}

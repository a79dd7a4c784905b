// Norm, gated activation and rotary positions over the rows of tiles, in forward and backward
// pairs. Rows are shared out over the threads where there are enough of them.

internal import CKernels

/// Runs `body` over ranges of rows that together make `0 ..< rows`.
func forRows(_ rows: Int, width: Int, _ body: (Range<Int>) -> Void) {
  guard rows > 0 else { return }
  // 32,768 elements take about 10 microseconds, what a fork costs.
  guard rows * width >= 1 << 15, !Threads.isNested else { return body(0..<rows) }
  let ranges = Threads.split(rows, parts: Threads.count)
  Threads.forEach(ranges.count) { body(ranges[$0]) }
}

/// Normalises each row by its root mean square.
///
/// `y = x * rstd * weight` with `rstd = 1 / sqrt(mean(x^2) + epsilon)`.
/// `x` and `y` are (rows, width), `weight` is (1, width); `rstd`, (rows, 1), is written for the
/// backward pass.
package func rmsNormForward(_ x: Tile, weight: Tile, epsilon: Float, into y: Tile, rstd: Tile) {
  precondition(x.rows == y.rows && x.columns == y.columns, "shapes differ")
  precondition(weight.columns == x.columns && rstd.rows == x.rows && rstd.stride == 1, "shapes")
  forRows(x.rows, width: x.columns) { range in
    kernel_rms_norm_forward(
      y.pointer + range.lowerBound * y.stride,
      y.stride,
      rstd.pointer + range.lowerBound,
      x.pointer + range.lowerBound * x.stride,
      x.stride,
      weight.pointer,
      range.count,
      x.columns,
      epsilon
    )
  }
}

/// Adds the gradients of a norm's input and, where given, of its weight.
///
/// `dy` is the gradient of the norm's output and `x` its input, both (rows, width); `rstd` comes
/// from the forward pass.
package func rmsNormBackward(
  _ dy: Tile,
  x: Tile,
  weight: Tile,
  rstd: Tile,
  addingTo dx: Tile,
  dWeight: Tile?
) {
  precondition(x.rows == dy.rows && x.columns == dy.columns, "shapes differ")
  precondition(x.rows == dx.rows && x.columns == dx.columns, "shapes differ")
  let run = { (range: Range<Int>) in
    kernel_rms_norm_backward(
      dx.pointer + range.lowerBound * dx.stride,
      dx.stride,
      dWeight?.pointer,
      dy.pointer + range.lowerBound * dy.stride,
      dy.stride,
      x.pointer + range.lowerBound * x.stride,
      x.stride,
      weight.pointer,
      rstd.pointer + range.lowerBound,
      range.count,
      x.columns
    )
  }
  // All rows add to one weight gradient, so they stay on one thread when it is wanted.
  if dWeight == nil { forRows(x.rows, width: x.columns, run) } else { run(0..<x.rows) }
}

/// Computes `out = silu(gate) * up`.
///
/// `gateUp` is (rows, 2 * width): the gate's columns, then the other's.
package func gatedActivationForward(_ gateUp: Tile, into out: Tile) {
  let width = out.columns
  precondition(gateUp.columns == 2 * width && gateUp.rows == out.rows, "shapes differ")
  forRows(out.rows, width: width) { range in
    let gate = gateUp.pointer + range.lowerBound * gateUp.stride
    kernel_silu_gate_forward(
      out.pointer + range.lowerBound * out.stride,
      out.stride,
      gate,
      gate + width,
      gateUp.stride,
      range.count,
      width
    )
  }
}

/// Computes the gradient of both halves of `gateUp` from that of the activation's output.
package func gatedActivationBackward(_ dOut: Tile, gateUp: Tile, into dGateUp: Tile) {
  let width = dOut.columns
  precondition(gateUp.columns == 2 * width && gateUp.rows == dOut.rows, "shapes differ")
  precondition(dGateUp.columns == 2 * width && dGateUp.rows == dOut.rows, "shapes differ")
  forRows(dOut.rows, width: width) { range in
    let gate = gateUp.pointer + range.lowerBound * gateUp.stride
    let dGate = dGateUp.pointer + range.lowerBound * dGateUp.stride
    kernel_silu_gate_backward(
      dGate,
      dGate + width,
      dGateUp.stride,
      dOut.pointer + range.lowerBound * dOut.stride,
      dOut.stride,
      gate,
      gate + width,
      gateUp.stride,
      range.count,
      width
    )
  }
}

/// Adds one row to every row.
package func addRow(_ row: Tile, to x: Tile) {
  precondition(row.columns == x.columns && row.rows == 1, "shapes differ")
  kernel_add_row(x.pointer, x.stride, row.pointer, x.rows, x.columns)
}

/// Adds the column sums of `x` to `row`.
package func addColumnSums(of x: Tile, to row: Tile) {
  precondition(row.columns == x.columns && row.rows == 1, "shapes differ")
  for index in 0..<x.rows {
    kernel_add_scaled(row.pointer, x.pointer + index * x.stride, 1, x.columns)
  }
}

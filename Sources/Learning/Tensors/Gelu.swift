// GELU by its tanh formula over the rows of tiles, alone and as a gate.
//
// Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.

internal import CKernels

/// Computes `out = gelu(x)`.
package func geluForward(_ x: Tile, into out: Tile) {
  precondition(x.columns == out.columns && x.rows == out.rows, "shapes differ")
  forRows(out.rows, width: out.columns) { range in
    kernel_gelu_forward(
      out.pointer + range.lowerBound * out.stride,
      out.stride,
      x.pointer + range.lowerBound * x.stride,
      x.stride,
      range.count,
      out.columns
    )
  }
}

/// Computes the gradient of `x` from that of `gelu(x)`.
package func geluBackward(_ dOut: Tile, x: Tile, into dx: Tile) {
  precondition(x.columns == dOut.columns && x.rows == dOut.rows, "shapes differ")
  precondition(dx.columns == dOut.columns && dx.rows == dOut.rows, "shapes differ")
  forRows(dOut.rows, width: dOut.columns) { range in
    kernel_gelu_backward(
      dx.pointer + range.lowerBound * dx.stride,
      dx.stride,
      dOut.pointer + range.lowerBound * dOut.stride,
      dOut.stride,
      x.pointer + range.lowerBound * x.stride,
      x.stride,
      range.count,
      dOut.columns
    )
  }
}

/// Computes `out = gelu(gate) * up`.
///
/// `gateUp` is (rows, 2 * width): the gate's columns, then the other's.
package func gatedGeluForward(_ gateUp: Tile, into out: Tile) {
  let width = out.columns
  precondition(gateUp.columns == 2 * width && gateUp.rows == out.rows, "shapes differ")
  forRows(out.rows, width: width) { range in
    let gate = gateUp.pointer + range.lowerBound * gateUp.stride
    kernel_gelu_gate_forward(
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

/// Computes the gradient of both halves of `gateUp` from that of `gatedGeluForward`'s output.
package func gatedGeluBackward(_ dOut: Tile, gateUp: Tile, into dGateUp: Tile) {
  let width = dOut.columns
  precondition(gateUp.columns == 2 * width && gateUp.rows == dOut.rows, "shapes differ")
  precondition(dGateUp.columns == 2 * width && dGateUp.rows == dOut.rows, "shapes differ")
  forRows(dOut.rows, width: width) { range in
    let gate = gateUp.pointer + range.lowerBound * gateUp.stride
    let dGate = dGateUp.pointer + range.lowerBound * dGateUp.stride
    kernel_gelu_gate_backward(
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

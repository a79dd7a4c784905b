// Norms beside the plain one over rows: by mean and deviation, and over the heads within a row.

internal import CKernels

/// Normalises each row by its mean and deviation.
///
/// `y = (x - mean) * rstd * weight + bias` with `rstd = 1 / sqrt(variance + epsilon)`.
/// `x` and `y` are (rows, width), `weight` and `bias` (1, width); `rstd`, (rows, 1), is written for
/// the backward pass.
package func layerNormForward(
  _ x: Tile,
  weight: Tile,
  bias: Tile,
  epsilon: Float,
  into y: Tile,
  rstd: Tile
) {
  precondition(x.rows == y.rows && x.columns == y.columns, "shapes differ")
  precondition(weight.columns == x.columns && bias.columns == x.columns, "shapes differ")
  precondition(rstd.rows == x.rows && rstd.stride == 1, "shapes differ")
  forRows(x.rows, width: x.columns) { range in
    kernel_layer_norm_forward(
      y.pointer + range.lowerBound * y.stride,
      y.stride,
      rstd.pointer + range.lowerBound,
      x.pointer + range.lowerBound * x.stride,
      x.stride,
      weight.pointer,
      bias.pointer,
      range.count,
      x.columns,
      epsilon
    )
  }
}

/// Adds the gradients of a norm's input and, where given, of its weight and bias.
///
/// `dy` is the gradient of the norm's output and `x` its input, both (rows, width); `rstd` comes
/// from the forward pass.
package func layerNormBackward(
  _ dy: Tile,
  x: Tile,
  weight: Tile,
  rstd: Tile,
  addingTo dx: Tile,
  dWeightAndBias: (weight: Tile, bias: Tile)?
) {
  precondition(x.rows == dy.rows && x.columns == dy.columns, "shapes differ")
  precondition(x.rows == dx.rows && x.columns == dx.columns, "shapes differ")
  let run = { (range: Range<Int>) in
    kernel_layer_norm_backward(
      dx.pointer + range.lowerBound * dx.stride,
      dx.stride,
      dWeightAndBias?.weight.pointer,
      dWeightAndBias?.bias.pointer,
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
  // All rows add to one gradient of the weights, so they stay on one thread when it is wanted.
  if dWeightAndBias == nil {
    forRows(x.rows, width: x.columns, run)
  } else {
    run(0..<x.rows)
  }
}

/// Normalises each head of each row by its root mean square, in place.
///
/// `x` is (rows, heads * width), `weight` (1, width); `rstd`, (heads, rows) without gaps, is written
/// for the backward pass.
package func headNormForward(_ x: Tile, weight: Tile, epsilon: Float, rstd: Tile) {
  let width = weight.columns
  precondition(x.columns == rstd.rows * width && rstd.columns == x.rows, "shapes differ")
  for head in 0..<rstd.rows {
    let part = x.columns(head * width..<(head + 1) * width)
    let scales = rstd.scales(ofHead: head)
    rmsNormForward(part, weight: weight, epsilon: epsilon, into: part, rstd: scales)
  }
}

/// Adds the gradients of the input of `headNormForward` and, where given, of its weight.
///
/// `x` is the input that the forward pass overwrote.
package func headNormBackward(
  _ dy: Tile,
  x: Tile,
  weight: Tile,
  rstd: Tile,
  addingTo dx: Tile,
  dWeight: Tile?
) {
  let width = weight.columns
  precondition(x.columns == rstd.rows * width && rstd.columns == x.rows, "shapes differ")
  for head in 0..<rstd.rows {
    let range = head * width..<(head + 1) * width
    rmsNormBackward(
      dy.columns(range),
      x: x.columns(range),
      weight: weight,
      rstd: rstd.scales(ofHead: head),
      addingTo: dx.columns(range),
      dWeight: dWeight
    )
  }
}

extension Tile {
  /// The scales of one head as a column: (rows, 1), out of (heads, rows).
  fileprivate func scales(ofHead head: Int) -> Tile {
    Tile(buffer: buffer, offset: offset + head * stride, rows: columns, columns: 1, stride: 1)
  }
}

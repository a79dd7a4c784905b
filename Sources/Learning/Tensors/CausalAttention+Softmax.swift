internal import CKernels

extension CausalAttention {
  /// Turns a block's scores, (block, seen), into attention weights.
  func softmaxForward(_ scores: Tile, block: Range<Int>, seen: Range<Int>) {
    forEachRun(block, seen) { rows, hidden, limits in
      let row = scores.pointer + rows.lowerBound * scores.stride
      row.update(repeating: 0, count: hidden)
      kernel_causal_softmax_forward(
        row + hidden,
        scores.stride,
        limits,
        rows.count,
        seen.count - hidden,
        scale
      )
    }
  }

  /// Turns the gradient of a block's attention weights, (block, seen), into that of its scores.
  func softmaxBackward(_ d: Tile, weights: Tile, block: Range<Int>, seen: Range<Int>) {
    forEachRun(block, seen) { rows, hidden, limits in
      let row = d.pointer + rows.lowerBound * d.stride
      row.update(repeating: 0, count: hidden)
      kernel_causal_softmax_backward(
        row + hidden,
        weights.pointer + rows.lowerBound * weights.stride + hidden,
        d.stride,
        limits,
        rows.count,
        seen.count - hidden,
        scale
      )
    }
  }

  /// Calls `body` with runs of a block's rows, how many columns at the left they do not see, and how
  /// many they see behind those.
  ///
  /// One run where the window hides nothing, else one for each row.
  private func forEachRun(
    _ block: Range<Int>,
    _ seen: Range<Int>,
    _ body: (_ rows: Range<Int>, _ hidden: Int, _ limits: UnsafePointer<Int32>) -> Void
  ) {
    guard let window, seen.upperBound > window else {
      limits.withUnsafeBufferPointer { limits in
        guard let base = limits.baseAddress else { return }
        body(0..<block.count, 0, base + block.lowerBound)
      }
      return
    }
    for (row, index) in block.enumerated() {
      let limit = Int(limits[index])
      let first = max(0, limit - window)
      var count = Int32(truncatingIfNeeded: limit - first)
      withUnsafePointer(to: &count) { body(row..<row + 1, first - seen.lowerBound, $0) }
    }
  }
}

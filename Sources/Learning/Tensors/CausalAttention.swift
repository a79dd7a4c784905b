internal import CKernels

/// Causal self-attention of packed sequences with grouped query heads, forward and backward.
///
/// Work is cut into blocks of queries, so that no more than a block's scores exist at a time and
/// keys to the right of a block are never multiplied.
package struct CausalAttention: Sendable {
  /// One sequence: its rows among the queries and among the keys.
  package struct Span: Sendable, Equatable {
    /// The sequence's rows in the query and output tiles.
    package let queries: Range<Int>
    /// The sequence's rows in the key and value tiles.
    package let keys: Range<Int>

    /// Makes a span.
    package init(queries: Range<Int>, keys: Range<Int>) {
      self.queries = queries
      self.keys = keys
    }
  }

  /// The number of query heads.
  package let heads: Int
  /// The number of key-value heads; each serves `heads / keyValueHeads` query heads.
  package let keyValueHeads: Int
  /// The width of one head.
  package let headWidth: Int
  /// The sequences.
  package let spans: [Span]
  /// For each query row, how many of its sequence's keys it sees; ascending within a sequence.
  package let limits: [Int32]

  private static let blockRows = 64
  private var group: Int { heads / keyValueHeads }
  private var scale: Float { 1 / Float(headWidth).squareRoot() }

  /// Describes the attention of some sequences.
  package init(heads: Int, keyValueHeads: Int, headWidth: Int, spans: [Span], limits: [Int32]) {
    precondition(heads % keyValueHeads == 0, "query heads share key-value heads evenly")
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headWidth = headWidth
    self.spans = spans
    self.limits = limits
  }

  /// Computes the attention outputs.
  ///
  /// - Parameters:
  ///   - q: (queries, heads * headWidth).
  ///   - k: (keys, keyValueHeads * headWidth).
  ///   - v: as `k`.
  ///   - out: as `q`.
  package func forward(q: Tile, k: Tile, v: Tile, into out: Tile) {
    Threads.forEach(spans.count * heads) { task in
      let span = spans[task / heads]
      let head = task % heads
      let scores = Tile(rows: Self.blockRows, columns: span.keys.count)
      forEachBlock(of: span) { block, keyCount in
        let weights = scores.rows(0..<block.count).columns(0..<keyCount)
        attend(q: q, k: k, span: span, head: head, block: block, into: weights)
        let values = part(v, span.keys.prefix(keyCount), head: head / group)
        multiply(weights, values, into: part(out, block, head: head))
      }
    }
  }

  /// Computes the gradients of queries, keys and values from that of the outputs.
  ///
  /// The attention weights are computed again instead of being kept: they are the only quantity
  /// that grows with the square of the length.
  package func backward(dOut: Tile, q: Tile, k: Tile, v: Tile, dQ: Tile, dK: Tile, dV: Tile) {
    Threads.forEach(spans.count * keyValueHeads) { task in
      let span = spans[task / keyValueHeads]
      let keyValueHead = task % keyValueHeads
      let all = Tile(rows: 2 * Self.blockRows, columns: span.keys.count)
      part(dK, span.keys, head: keyValueHead).fill(0)
      part(dV, span.keys, head: keyValueHead).fill(0)
      for head in keyValueHead * group..<(keyValueHead + 1) * group {
        forEachBlock(of: span) { block, keyCount in
          let keys = span.keys.prefix(keyCount)
          let weights = all.rows(0..<block.count).columns(0..<keyCount)
          let start = Self.blockRows
          let dScores = all.rows(start..<start + block.count).columns(0..<keyCount)
          attend(q: q, k: k, span: span, head: head, block: block, into: weights)
          let dBlock = part(dOut, block, head: head)
          multiply(
            transposed: weights,
            dBlock,
            into: part(dV, keys, head: keyValueHead),
            beta: 1
          )
          multiply(dBlock, transposed: part(v, keys, head: keyValueHead), into: dScores)
          withLimits(block) { limits in
            kernel_causal_softmax_backward(
              dScores.pointer,
              weights.pointer,
              dScores.stride,
              limits,
              block.count,
              keyCount,
              scale
            )
          }
          multiply(
            dScores,
            part(k, keys, head: keyValueHead),
            into: part(dQ, block, head: head)
          )
          multiply(
            transposed: dScores,
            part(q, block, head: head),
            into: part(dK, keys, head: keyValueHead),
            beta: 1
          )
        }
      }
    }
  }

  /// Computes the attention weights of one block of queries of one head.
  private func attend(
    q: Tile,
    k: Tile,
    span: Span,
    head: Int,
    block: Range<Int>,
    into weights: Tile
  ) {
    let keys = part(k, span.keys.prefix(weights.columns), head: head / group)
    multiply(part(q, block, head: head), transposed: keys, into: weights)
    withLimits(block) { limits in
      kernel_causal_softmax_forward(
        weights.pointer,
        weights.stride,
        limits,
        block.count,
        weights.columns,
        scale
      )
    }
  }

  /// Calls `body` with each block of query rows and the number of keys its last row sees.
  private func forEachBlock(of span: Span, _ body: (Range<Int>, Int) -> Void) {
    var start = span.queries.lowerBound
    while start < span.queries.upperBound {
      let end = min(start + Self.blockRows, span.queries.upperBound)
      let keyCount = Int(limits[end - 1])
      precondition(keyCount <= span.keys.count, "a query sees past its sequence")
      body(start..<end, keyCount)
      start = end
    }
  }

  private func part(_ tile: Tile, _ rows: Range<Int>, head: Int) -> Tile {
    tile.rows(rows).columns(head * headWidth..<(head + 1) * headWidth)
  }

  private func withLimits(_ block: Range<Int>, _ body: (UnsafePointer<Int32>) -> Void) {
    limits.withUnsafeBufferPointer { limits in
      guard let base = limits.baseAddress else { return }
      body(base + block.lowerBound)
    }
  }
}

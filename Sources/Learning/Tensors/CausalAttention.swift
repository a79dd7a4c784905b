internal import CKernels

/// Causal self-attention of packed sequences with grouped query heads, forward and backward.
///
/// Work is cut into blocks of queries, so that no more than a block's scores exist at a time and
/// keys to the right of a block are never multiplied.
package struct CausalAttention: Sendable {
  /// One sequence, or a beginning that several share: its rows among the queries and the keys.
  package struct Span: Sendable, Equatable {
    /// The sequence's rows in the query and output tiles.
    package let queries: Range<Int>
    /// The rows of a beginning that it shares with others, in the key and value tiles.
    package let prefix: Range<Int>
    /// The rows of its own behind the prefix, in the key and value tiles.
    package let keys: Range<Int>

    /// Makes a span.
    package init(queries: Range<Int>, prefix: Range<Int> = 0..<0, keys: Range<Int>) {
      self.queries = queries
      self.prefix = prefix
      self.keys = keys
    }

    /// How many keys there are, those of the prefix first.
    var keyCount: Int { prefix.count + keys.count }

    /// Some of the keys as columns of a block of scores and the rows that they stand in.
    ///
    /// One piece where the rows follow one another, two otherwise.
    func pieces(_ range: Range<Int>) -> [(columns: Range<Int>, rows: Range<Int>)] {
      // Keys of the prefix come first.
      let shared = range.clamped(to: 0..<prefix.count)
      let own = range.clamped(to: prefix.count..<keyCount)
      let sharedRows = shared.shifted(by: prefix.lowerBound)
      let ownRows = own.shifted(by: keys.lowerBound - prefix.count)
      if shared.isEmpty { return [(0..<own.count, ownRows)] }
      if own.isEmpty { return [(0..<shared.count, sharedRows)] }
      if sharedRows.upperBound == ownRows.lowerBound {
        return [(0..<range.count, sharedRows.lowerBound..<ownRows.upperBound)]
      }
      return [(0..<shared.count, sharedRows), (shared.count..<range.count, ownRows)]
    }
  }

  /// The number of query heads.
  package let heads: Int
  /// The number of key-value heads; each serves `heads / keyValueHeads` query heads.
  package let keyValueHeads: Int
  /// The width of one head.
  package let headWidth: Int
  /// The sequences; those that share a prefix follow one another.
  package let spans: [Span]
  /// For each query row, how many of its sequence's keys, prefix included, it sees; ascending
  /// within a sequence.
  package let limits: [Int32]
  /// How many of the keys up to its own a query sees; `nil` for all.
  package let window: Int?
  /// What scores are multiplied by.
  package let scale: Float

  /// Spans that share a prefix, and so the gradients of its keys and values.
  private let families: [Range<Int>]

  private static let blockRows = 64
  private var group: Int { heads / keyValueHeads }

  /// Describes the attention of some sequences.
  package init(
    heads: Int,
    keyValueHeads: Int,
    headWidth: Int,
    spans: [Span],
    limits: [Int32],
    window: Int? = nil,
    scale: Float
  ) {
    precondition(heads % keyValueHeads == 0, "query heads share key-value heads evenly")
    precondition(window.map { $0 > 0 } ?? true, "a query sees its own key")
    self.window = window
    self.scale = scale
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headWidth = headWidth
    self.spans = spans
    self.limits = limits
    var families: [Range<Int>] = []
    for index in spans.indices {
      let prefix = spans[index].prefix
      if index > 0, !prefix.isEmpty,
        prefix == spans[index - 1].prefix || prefix == spans[index - 1].keys
      {
        families[families.count - 1] = families[families.count - 1].lowerBound..<index + 1
      } else {
        families.append(index..<index + 1)
      }
    }
    self.families = families
  }

  /// Multiplications and additions of `forward`'s products; `backward` has two and a half times as
  /// many, for it computes the scores again.
  package var operations: Int {
    let seen = spans.reduce(0) { sum, span in
      sum + limits[span.queries].reduce(0) { $0 + min(Int($1), window ?? .max) }
    }
    return 4 * heads * headWidth * seen
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
      let scores = Tile(rows: Self.blockRows, columns: span.keyCount)
      forEachBlock(of: span) { block, seen in
        let weights = scores.rows(0..<block.count).columns(0..<seen.count)
        attend(q: q, k: k, span: span, head: head, block: block, seen: seen, into: weights)
        let outBlock = part(out, block, head: head)
        for (columns, rows) in span.pieces(seen) {
          let values = part(v, rows, head: head / group)
          multiply(weights.columns(columns), values, into: outBlock, beta: columns.beta)
        }
      }
    }
  }

  /// Computes the gradients of queries, keys and values from that of the outputs.
  ///
  /// The attention weights are computed again instead of being kept: they are the only quantity
  /// that grows with the square of the length.
  package func backward(dOut: Tile, q: Tile, k: Tile, v: Tile, dQ: Tile, dK: Tile, dV: Tile) {
    Threads.forEach(families.count * keyValueHeads) { task in
      let family = spans[families[task / keyValueHeads]]
      let keyValueHead = task % keyValueHeads
      for span in family {
        // The prefix once for all that share it; a span of its own is zeroed with its keys.
        let isFirst = span == family.first
        for rows in isFirst ? [span.prefix, span.keys] : [span.keys] {
          part(dK, rows, head: keyValueHead).fill(0)
          part(dV, rows, head: keyValueHead).fill(0)
        }
      }
      for span in family {
        backward(
          span,
          keyValueHead: keyValueHead,
          dOut: dOut,
          q: q,
          k: k,
          v: v,
          dQ: dQ,
          dK: dK,
          dV: dV
        )
      }
    }
  }

  /// Adds one span's part of the gradients of its keys and values and sets those of its queries.
  private func backward(
    _ span: Span,
    keyValueHead: Int,
    dOut: Tile,
    q: Tile,
    k: Tile,
    v: Tile,
    dQ: Tile,
    dK: Tile,
    dV: Tile
  ) {
    let all = Tile(rows: 2 * Self.blockRows, columns: span.keyCount)
    for head in keyValueHead * group..<(keyValueHead + 1) * group {
      forEachBlock(of: span) { block, seen in
        let pieces = span.pieces(seen)
        let weights = all.rows(0..<block.count).columns(0..<seen.count)
        let start = Self.blockRows
        let dScores = all.rows(start..<start + block.count).columns(0..<seen.count)
        attend(q: q, k: k, span: span, head: head, block: block, seen: seen, into: weights)
        let dBlock = part(dOut, block, head: head)
        for (columns, rows) in pieces {
          let dValues = part(dV, rows, head: keyValueHead)
          multiply(transposed: weights.columns(columns), dBlock, into: dValues, beta: 1)
          let values = part(v, rows, head: keyValueHead)
          multiply(dBlock, transposed: values, into: dScores.columns(columns))
        }
        softmaxBackward(dScores, weights: weights, block: block, seen: seen)
        for (columns, rows) in pieces {
          let dPiece = dScores.columns(columns)
          let keys = part(k, rows, head: keyValueHead)
          multiply(dPiece, keys, into: part(dQ, block, head: head), beta: columns.beta)
          let dKeys = part(dK, rows, head: keyValueHead)
          multiply(transposed: dPiece, part(q, block, head: head), into: dKeys, beta: 1)
        }
      }
    }
  }

  /// Computes the attention weights of one block of queries of one head over the keys it sees.
  private func attend(
    q: Tile,
    k: Tile,
    span: Span,
    head: Int,
    block: Range<Int>,
    seen: Range<Int>,
    into weights: Tile
  ) {
    let queries = part(q, block, head: head)
    for (columns, rows) in span.pieces(seen) {
      let keys = part(k, rows, head: head / group)
      multiply(queries, transposed: keys, into: weights.columns(columns))
    }
    softmaxForward(weights, block: block, seen: seen)
  }

  /// Calls `body` with each block of query rows and the keys that any of its rows sees.
  private func forEachBlock(of span: Span, _ body: (Range<Int>, Range<Int>) -> Void) {
    var start = span.queries.lowerBound
    while start < span.queries.upperBound {
      let end = min(start + Self.blockRows, span.queries.upperBound)
      let keyCount = Int(limits[end - 1])
      precondition(keyCount <= span.keyCount, "a query sees past its sequence")
      let first = window.map { max(0, Int(limits[start]) - $0) } ?? 0
      body(start..<end, first..<keyCount)
      start = end
    }
  }

  private func part(_ tile: Tile, _ rows: Range<Int>, head: Int) -> Tile {
    tile.rows(rows).columns(head * headWidth..<(head + 1) * headWidth)
  }
}

extension Range where Bound == Int {
  /// What a product over these columns does with what stands in its output: the first one replaces it.
  fileprivate var beta: Float { lowerBound == 0 ? 0 : 1 }

  /// The same range some places further.
  fileprivate func shifted(by distance: Int) -> Range<Int> {
    lowerBound + distance..<upperBound + distance
  }
}

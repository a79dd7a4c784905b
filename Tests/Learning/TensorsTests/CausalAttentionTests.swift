import Foundation
import Tensors
import Testing

/// Attention within a window against a naive twin, in blocks, behind prefixes and over caches.
@Suite struct CausalAttentionTests {
  private static let (heads, keyValueHeads, width) = (4, 2, 6)
  private static let scale: Float = 0.35
  /// A prefix of 70 rows that two sequences share, and their own 50 and 9 rows.
  private static let (prefix, first, second) = (0..<70, 70..<120, 120..<129)

  private static func random(_ columns: Int, seed: UInt64) -> Matrix {
    var generator = SeededGenerator(seed: seed)
    return .normal(rows: 129, columns: columns, deviation: 1, using: &generator)
  }

  private static let q = random(heads * width, seed: 1)
  private static let k = random(keyValueHeads * width, seed: 2)
  private static let v = random(keyValueHeads * width, seed: 3)
  private static let dOut = random(heads * width, seed: 4)

  private static func attention(window: Int?) -> CausalAttention {
    let limits = Array(1...70) + Array(71...120) + Array(71...79)
    return CausalAttention(
      heads: heads,
      keyValueHeads: keyValueHeads,
      headWidth: width,
      spans: [
        .init(queries: prefix, prefix: 0..<0, keys: prefix),
        .init(queries: first, prefix: prefix, keys: first),
        .init(queries: second, prefix: prefix, keys: second),
      ],
      limits: limits.map { Int32($0) },
      window: window,
      scale: scale
    )
  }

  /// The rows that a row sees, by the plain definition.
  private static func seen(_ row: Int, _ window: Int?) -> [Int] {
    let whole =
      row < 120 ? Array(0...row) : Array(prefix) + Array(second.lowerBound...row)
    return window.map { Array(whole.suffix($0)) } ?? whole
  }

  /// Attention weights and outputs of one head of one row, in double.
  private static func attend(
    _ q: Matrix,
    _ k: Matrix,
    _ v: Matrix,
    _ row: Int,
    _ head: Int,
    _ window: Int?
  ) -> [Double] {
    let rows = seen(row, window)
    let shared = head / (heads / keyValueHeads) * width
    let scores = rows.map { other in
      (0..<width).reduce(0.0) {
        $0 + Double(q[row, head * width + $1]) * Double(k[other, shared + $1])
      } * Double(scale)
    }
    let exponentials = scores.map { exp($0 - (scores.max() ?? 0)) }
    let sum = exponentials.reduce(0, +)
    return (0..<width).map { column in
      zip(rows, exponentials).reduce(0) { $0 + $1.1 / sum * Double(v[$1.0, shared + column]) }
    }
  }

  private static func loss(_ q: Matrix, _ k: Matrix, _ v: Matrix, _ window: Int?) -> Double {
    var sum = 0.0
    for row in 0..<129 {
      for head in 0..<heads {
        for (column, value) in attend(q, k, v, row, head, window).enumerated() {
          sum += value * Double(dOut[row, head * width + column])
        }
      }
    }
    return sum
  }

  @Test(arguments: [nil, 1, 5, 64, 75, 200])
  func `outputs are those of the naive twin`(window: Int?) {
    let out = Tile(rows: 129, columns: Self.heads * Self.width)
    Self.attention(window: window)
      .forward(q: Self.q.tile, k: Self.k.tile, v: Self.v.tile, into: out)
    let found = Matrix(takingOwnership: out)
    for row in 0..<129 {
      for head in 0..<Self.heads {
        let expected = Self.attend(Self.q, Self.k, Self.v, row, head, window)
        for (column, value) in expected.enumerated() {
          #expect(abs(Double(found[row, head * Self.width + column]) - value) < 1e-5)
        }
      }
    }
  }

  @Test(arguments: [nil, 5, 75])
  func `gradients are central differences`(window: Int?) {
    let wide = Self.heads * Self.width
    let narrow = Self.keyValueHeads * Self.width
    let dQ = Tile(rows: 129, columns: wide)
    let (dK, dV) = (Tile(rows: 129, columns: narrow), Tile(rows: 129, columns: narrow))
    Self.attention(window: window).backward(
      dOut: Self.dOut.tile,
      q: Self.q.tile,
      k: Self.k.tile,
      v: Self.v.tile,
      dQ: dQ,
      dK: dK,
      dV: dV
    )
    let inputs = [Self.q, Self.k, Self.v]
    for (index, gradient) in [dQ, dK, dV].map({ Matrix(takingOwnership: $0) }).enumerated() {
      for row in [0, 3, 60, 69, 70, 119, 128] {
        let column = row * 5 % gradient.columns
        let slope = { (step: Float) -> Double in
          var moved = inputs
          moved[index][row, column] += step
          return Self.loss(moved[0], moved[1], moved[2], window)
        }
        // Floats hold the moved input, so the step is large for a central difference.
        let expected = (slope(1.0 / 128) - slope(-1.0 / 128)) * 64
        #expect(abs(Double(gradient[row, column]) - expected) < 2e-3)
      }
    }
  }

  @Test(arguments: [nil, 1, 5, 16, 17, 40, 71, 200])
  func `a cache gives the last row what attention over all rows does`(window: Int?) {
    let row = Self.first.upperBound - 1
    let (cached, own) = (Self.segment(Self.prefix), Self.segment(Self.first))
    let out = Tile(rows: 1, columns: Self.heads * Self.width)
    KeyValueSegment.attend(
      query: Self.q.tile.rows(row..<row + 1),
      segments: [cached, own],
      layer: 0,
      window: window,
      scale: Self.scale,
      into: out
    )
    let found = Matrix(takingOwnership: out)
    for head in 0..<Self.heads {
      let expected = Self.attend(Self.q, Self.k, Self.v, row, head, window)
      for (column, value) in expected.enumerated() {
        #expect(abs(Double(found[0, head * Self.width + column]) - value) < 1e-5)
      }
    }
  }

  private static func segment(_ rows: Range<Int>) -> KeyValueSegment {
    let segment = KeyValueSegment(
      layerCount: 1,
      headCount: keyValueHeads,
      headWidth: width,
      positions: rows.count
    )
    segment.reserve(rows.count)
    for (position, row) in rows.enumerated() {
      let range = row..<row + 1
      segment.write(
        position: position,
        layer: 0,
        key: k.tile.rows(range),
        value: v.tile.rows(range)
      )
    }
    return segment
  }
}

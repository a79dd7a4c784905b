import Tensors
import Testing

@Suite struct MatrixTests {
  private static func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = SeededGenerator(seed: seed)
    return .normal(rows: rows, columns: columns, deviation: 1, using: &generator)
  }

  /// The naive twin of every product.
  private static func naive(
    _ rows: Int,
    _ columns: Int,
    _ inner: Int,
    _ a: (Int, Int) -> Float,
    _ b: (Int, Int) -> Float
  ) -> [Double] {
    (0..<rows * columns).map { place in
      (0..<inner).reduce(0.0) {
        $0 + Double(a(place / columns, $1)) * Double(b($1, place % columns))
      }
    }
  }

  private static func distance(_ left: [Float], _ right: [Double]) -> Double {
    zip(left, right).map { abs(Double($0) - $1) }.max() ?? 0
  }

  @Test(arguments: [(1, 1, 1), (3, 5, 7), (64, 33, 17), (150, 130, 90), (20, 700, 90)])
  func `products of all kinds are those of the naive twin`(rows: Int, columns: Int, inner: Int) {
    let (a, b) = (Self.random(rows, inner, seed: 1), Self.random(inner, columns, seed: 2))
    let (at, bt) = (Self.random(inner, rows, seed: 3), Self.random(columns, inner, seed: 4))
    let plain = Self.naive(rows, columns, inner, { a[$0, $1] }, { b[$0, $1] })
    let right = Self.naive(rows, columns, inner, { a[$0, $1] }, { bt[$1, $0] })
    let left = Self.naive(rows, columns, inner, { at[$1, $0] }, { b[$0, $1] })
    #expect(Self.distance(Matrix.product(a, b).values, plain) < 1e-4)
    #expect(Self.distance(Matrix.product(a, transposed: bt).values, right) < 1e-4)
    #expect(Self.distance(Matrix.product(transposed: at, b).values, left) < 1e-4)
  }

  @Test func `sub-blocks are multiplied in place with alpha and beta`() {
    let a = Self.random(10, 12, seed: 1)
    let b = Self.random(9, 20, seed: 2)
    let c = Tile(rows: 8, columns: 15)
    c.fill(2)
    let left = a.tile.rows(2..<7).columns(1..<5)
    let right = b.tile.rows(3..<7).columns(4..<10)
    multiply(left, right, into: c.rows(1..<6).columns(3..<9), alpha: 0.5, beta: 3)
    let found = Matrix(takingOwnership: c)
    for row in 0..<8 {
      for column in 0..<15 {
        var expected = 2.0
        if (1..<6).contains(row) && (3..<9).contains(column) {
          expected = 6
          for inner in 0..<4 {
            expected += 0.5 * Double(a[row + 1, inner + 1]) * Double(b[inner + 3, column + 1])
          }
        }
        #expect(abs(Double(found[row, column]) - expected) < 1e-5)
      }
    }
  }

  @Test func `a copy does not change with its original`() {
    var left = Self.random(3, 3, seed: 1)
    let right = left
    left[1, 1] = 40
    left.scale(by: 2)
    #expect(right == Self.random(3, 3, seed: 1))
    #expect(left[1, 1] == 80)
  }

  @Test func `rows are gathered, stacked and cut`() {
    let matrix = Matrix(rows: 3, columns: 2, values: [1, 2, 3, 4, 5, 6])
    #expect(matrix.gatheringRows([2, 0]).values == [5, 6, 1, 2])
    #expect(Matrix.stacking([matrix, matrix.rows(1..<2)]).values == [1, 2, 3, 4, 5, 6, 3, 4])
    let target = Tile(rows: 3, columns: 2, zeroed: true)
    matrix.rows(0..<2).tile.scatterAdd([2, 0], to: target)
    #expect(Matrix(takingOwnership: target).values == [3, 4, 0, 0, 1, 2])
    #expect(matrix.sumOfSquares == 91)
    #expect(!Matrix(rows: 1, columns: 1, values: [.nan]).isFinite)
  }
}

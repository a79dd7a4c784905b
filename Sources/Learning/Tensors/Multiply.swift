// Matrix products on OpenBLAS.
//
// OpenBLAS runs each call on the calling thread; we split large products over our own pool, so
// that one pool serves products and element-wise loops alike and the two never compete. Splits
// depend only on the shapes and the thread count, which keeps runs reproducible.

internal import COpenBLAS

/// Computes `c = alpha * a * b + beta * c`: (M, K) x (K, N).
package func multiply(_ a: Tile, _ b: Tile, into c: Tile, alpha: Float = 1, beta: Float = 0) {
  precondition(a.columns == b.rows && c.rows == a.rows && c.columns == b.columns, "shapes differ")
  Product(a: a, b: b, c: c, inner: a.columns, alpha: alpha, beta: beta).run()
}

/// Computes `c = alpha * a * b^T + beta * c`: (M, K) x (N, K).
package func multiply(
  _ a: Tile,
  transposed b: Tile,
  into c: Tile,
  alpha: Float = 1,
  beta: Float = 0
) {
  precondition(a.columns == b.columns && c.rows == a.rows && c.columns == b.rows, "shapes differ")
  Product(a: a, b: b, c: c, inner: a.columns, bIsTransposed: true, alpha: alpha, beta: beta).run()
}

/// Computes `c = alpha * a^T * b + beta * c`: (K, M) x (K, N).
package func multiply(
  transposed a: Tile,
  _ b: Tile,
  into c: Tile,
  alpha: Float = 1,
  beta: Float = 0
) {
  precondition(a.rows == b.rows && c.rows == a.columns && c.columns == b.columns, "shapes differ")
  Product(a: a, b: b, c: c, inner: a.rows, aIsTransposed: true, alpha: alpha, beta: beta).run()
}

/// One call of `sgemm`, split over threads where that pays.
private struct Product {
  let a: Tile
  let b: Tile
  let c: Tile
  let inner: Int
  var aIsTransposed = false
  var bIsTransposed = false
  let alpha: Float
  let beta: Float

  /// Below this many multiply-adds waking a second thread costs more than it saves.
  static let workMin = 1 << 20

  func run() {
    guard c.rows > 0 && c.columns > 0 else { return }
    let work = c.rows * c.columns * inner
    let parts = work < Self.workMin ? 1 : Threads.count
    guard parts > 1, !Threads.isNested else {
      compute(rows: 0..<c.rows, columns: 0..<c.columns)
      return
    }
    // The longer side is cut, so that each part stays as square as can be.
    if c.rows >= c.columns {
      let ranges = Threads.split(c.rows, parts: parts, multiple: 16)
      Threads.forEach(ranges.count) { compute(rows: ranges[$0], columns: 0..<c.columns) }
    } else {
      let ranges = Threads.split(c.columns, parts: parts, multiple: 16)
      Threads.forEach(ranges.count) { compute(rows: 0..<c.rows, columns: ranges[$0]) }
    }
  }

  private func compute(rows: Range<Int>, columns: Range<Int>) {
    let aStart = aIsTransposed ? rows.lowerBound : rows.lowerBound * a.stride
    let bStart = bIsTransposed ? columns.lowerBound * b.stride : columns.lowerBound
    cblas_sgemm(
      CblasRowMajor,
      aIsTransposed ? CblasTrans : CblasNoTrans,
      bIsTransposed ? CblasTrans : CblasNoTrans,
      blasint(truncatingIfNeeded: rows.count),
      blasint(truncatingIfNeeded: columns.count),
      blasint(truncatingIfNeeded: inner),
      alpha,
      a.pointer + aStart,
      blasint(truncatingIfNeeded: max(a.stride, 1)),
      b.pointer + bStart,
      blasint(truncatingIfNeeded: max(b.stride, 1)),
      beta,
      c.pointer + rows.lowerBound * c.stride + columns.lowerBound,
      blasint(truncatingIfNeeded: max(c.stride, 1))
    )
  }
}

/// How two lists of numbers go together.
package enum Correlation {
  /// Pearson's correlation, -1 to 1; 0 when one of the lists does not vary.
  package static func pearson(_ first: [Double], _ second: [Double]) -> Double {
    precondition(first.count == second.count, "one number of each for every item")
    let count = Double(max(first.count, 1))
    let means = (first.reduce(0, +) / count, second.reduce(0, +) / count)
    var (products, squares, otherSquares) = (0.0, 0.0, 0.0)
    for (a, b) in zip(first, second) {
      products += (a - means.0) * (b - means.1)
      squares += (a - means.0) * (a - means.0)
      otherSquares += (b - means.1) * (b - means.1)
    }
    let scale = (squares * otherSquares).squareRoot()
    return scale > 0 ? products / scale : 0
  }
}

/// What each principle says about which answers are better than expected.
///
/// An answer's advantage on a principle is what the principle added to its reward, less the mean of
/// that over the answers to the same prompt (over all answers where a prompt has only one). Over
/// principles they add up to the advantage of the whole reward.
package struct PrincipleAdvantages: Sendable, Equatable {
  /// Samples × principles, row-major.
  package let values: [Double]
  private let width: Int

  /// Computes advantages from contributions, samples × principles, row-major.
  package init(contributions: [Double], width: Int, groupSize: Int) {
    self.width = width
    let rows = width == 0 ? 0 : contributions.count / width
    let size = groupSize > 1 ? groupSize : max(rows, 1)
    var values = contributions
    for start in stride(from: 0, to: rows, by: size) {
      let group = start..<min(start + size, rows)
      for column in 0..<width {
        let sum = group.reduce(0) { $0 + contributions[$1 * width + column] }
        let mean = sum / Double(group.count)
        for row in group { values[row * width + column] -= mean }
      }
    }
    self.values = values
  }

  /// Root mean square of a principle's advantages: how strongly it moves the policy, in reward units.
  package func deviation(_ column: Int) -> Double {
    let own = values(of: column)
    guard !own.isEmpty else { return 0 }
    return (own.reduce(0) { $0 + $1 * $1 } / Double(own.count)).squareRoot()
  }

  /// A principle's share of the variance of the whole advantage: `cov(A_k, A) / var(A)`.
  ///
  /// Shares add up to one; a negative one pulls against the rest. Zero where nothing varies.
  package func share(_ column: Int) -> Double {
    let totals = (0..<rows).map { row in
      values[row * width..<(row + 1) * width].reduce(0, +)
    }
    let variance = totals.reduce(0) { $0 + $1 * $1 }
    guard variance > 1e-16 * Double(max(rows, 1)) else { return 0 }
    return zip(values(of: column), totals).reduce(0) { $0 + $1.0 * $1.1 } / variance
  }

  private var rows: Int { width == 0 ? 0 : values.count / width }

  private func values(of column: Int) -> [Double] {
    (0..<rows).map { values[$0 * width + column] }
  }
}

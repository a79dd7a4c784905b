internal import CKernels

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Cosines and sines of rotary position embedding, for the half-split pairs (i, i + width / 2).
///
/// - Source: Su et al., "RoFormer", 2021; the pairing is that of Hugging Face checkpoints.
package struct RotaryTable: Sendable {
  /// How many positions the table covers.
  package let positionCount: Int
  /// The width of one head.
  package let headWidth: Int
  private let cosines: Matrix
  private let sines: Matrix

  /// Computes the table in double precision.
  ///
  /// - Parameters:
  ///   - positionCount: how many positions it covers.
  ///   - headWidth: the width of one head.
  ///   - base: frequency `i` is `base^(-2i / headWidth)`.
  ///   - divisors: what each frequency is divided by; empty for none.
  package init(positionCount: Int, headWidth: Int, base: Double, divisors: [Double] = []) {
    precondition(divisors.isEmpty || divisors.count == headWidth / 2, "one for each frequency")
    self.positionCount = positionCount
    self.headWidth = headWidth
    let half = headWidth / 2
    let frequencies = (0..<half).map { index in
      pow(base, -2 * Double(index) / Double(headWidth)) / (divisors.isEmpty ? 1 : divisors[index])
    }
    var cosines = Matrix(rows: positionCount, columns: half)
    var sines = Matrix(rows: positionCount, columns: half)
    cosines.withMutableValues { c in
      sines.withMutableValues { s in
        for position in 0..<positionCount {
          for index in 0..<half {
            let angle = Double(position) * frequencies[index]
            c[position * half + index] = Float(cos(angle))
            s[position * half + index] = Float(sin(angle))
          }
        }
      }
    }
    self.cosines = cosines
    self.sines = sines
  }

  /// Turns the heads of each row by the row's position, in place.
  ///
  /// - Parameters:
  ///   - x: (rows, heads * headWidth).
  ///   - positions: one for each row.
  ///   - isInverse: turns back, which is the backward pass.
  package func rotate(_ x: Tile, positions: [Int32], isInverse: Bool = false) {
    precondition(x.columns % headWidth == 0 && positions.count == x.rows, "shapes differ")
    precondition(
      positions.allSatisfy { $0 >= 0 && Int($0) < positionCount },
      "a position beyond the model's context"
    )
    positions.withUnsafeBufferPointer { positions in
      guard let base = positions.baseAddress else { return }
      kernel_rotary(
        x.pointer,
        x.stride,
        base,
        cosines.tile.pointer,
        sines.tile.pointer,
        x.rows,
        x.columns / headWidth,
        headWidth,
        isInverse ? -1 : 1
      )
    }
  }
}

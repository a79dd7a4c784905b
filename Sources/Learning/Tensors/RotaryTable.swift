internal import CKernels
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Cosines and sines of rotary position embedding, for the half-split pairs (i, i + width / 2).
///
/// They are computed for the positions that are in use, and kept: models allow for many more positions
/// than most sequences have.
///
/// - Source: Su et al., "RoFormer", 2021; the pairing is that of Hugging Face checkpoints.
package final class RotaryTable: Sendable {
  /// How many positions the table may cover.
  package let positionCount: Int
  /// The width of one head.
  package let headWidth: Int
  /// The angle between neighbouring positions, for each pair.
  private let frequencies: [Double]
  private let angles: Mutex<Angles>

  /// The functions of all angles so far: (positions, headWidth / 2).
  private struct Angles: Sendable {
    var cosines: Matrix
    var sines: Matrix
  }

  /// Positions that are computed at least at one time.
  private static let positionsMin = 512

  /// Describes a table.
  ///
  /// - Parameters:
  ///   - positionCount: how many positions it may cover.
  ///   - headWidth: the width of one head.
  ///   - base: frequency `i` is `base^(-2i / headWidth)`.
  ///   - divisors: what each frequency is divided by; empty for none.
  package init(positionCount: Int, headWidth: Int, base: Double, divisors: [Double] = []) {
    precondition(divisors.isEmpty || divisors.count == headWidth / 2, "one for each frequency")
    self.positionCount = positionCount
    self.headWidth = headWidth
    let half = headWidth / 2
    frequencies = (0..<half).map { index in
      pow(base, -2 * Double(index) / Double(headWidth)) / (divisors.isEmpty ? 1 : divisors[index])
    }
    let none = Matrix(rows: 0, columns: half)
    angles = Mutex(Angles(cosines: none, sines: none))
  }

  /// The functions of the angles of at least `count` positions.
  private func angles(count: Int) -> Angles {
    angles.withLock { angles in
      if angles.cosines.rows < count {
        // Twice as many each time, so that growing one by one costs no more.
        let wanted = max(count, min(positionCount, max(Self.positionsMin, 2 * angles.cosines.rows)))
        angles = computed(count: wanted)
      }
      return angles
    }
  }

  /// Computes the functions in double precision.
  private func computed(count: Int) -> Angles {
    let half = frequencies.count
    var cosines = Matrix(rows: count, columns: half)
    var sines = Matrix(rows: count, columns: half)
    cosines.withMutableValues { c in
      sines.withMutableValues { s in
        for position in 0..<count {
          for index in 0..<half {
            let angle = Double(position) * frequencies[index]
            c[position * half + index] = Float(cos(angle))
            s[position * half + index] = Float(sin(angle))
          }
        }
      }
    }
    return Angles(cosines: cosines, sines: sines)
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
    let angles = angles(count: positions.reduce(0) { max($0, Int($1) + 1) })
    positions.withUnsafeBufferPointer { positions in
      guard let base = positions.baseAddress else { return }
      kernel_rotary(
        x.pointer,
        x.stride,
        base,
        angles.cosines.tile.pointer,
        angles.sines.tile.pointer,
        x.rows,
        x.columns / headWidth,
        headWidth,
        isInverse ? -1 : 1
      )
    }
  }
}

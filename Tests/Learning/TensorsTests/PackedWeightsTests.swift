import Tensors
import Testing

/// Products with packed weights against naive twins, at every level that this processor has.
@Suite struct PackedWeightsTests {
  /// What products are tested with.
  struct Case: CustomTestStringConvertible, Sendable {
    let precision: Precision
    let level: KernelLevel
    let rows: Int
    let outputs: Int
    let inputs: Int

    var testDescription: String {
      "\(precision.rawValue) \(level) \(rows) x \(inputs) -> \(outputs)"
    }

    var x: Matrix { random(rows, inputs, seed: 1) }
    var dy: Matrix { random(rows, outputs, seed: 2) }
    var weights: Matrix { random(outputs, inputs, seed: 3) }
    var packed: PackedWeights { PackedWeights(weights.tile, WeightFormat(precision, level: level)) }

    private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
      var generator = SeededGenerator(seed: seed, streams: UInt64(rows), UInt64(columns))
      return .normal(rows: rows, columns: columns, deviation: 1, using: &generator)
    }

    /// Every level and precision with every shape: whole tiles, ragged ones, odd pairs, and sums long
    /// enough to be cut into blocks.
    static let all: [Case] = Precision.allCases.flatMap { precision in
      KernelLevel.available.flatMap { level in
        [
          (1, 1, 1), (1, 33, 2), (2, 31, 5), (5, 100, 3), (13, 37, 45), (12, 64, 32),
          (8, 32, 64), (32, 96, 40), (29, 70, 1_601), (16, 801, 35), (300, 40, 50),
        ].map { rows, outputs, inputs in
          Case(
            precision: precision,
            level: level,
            rows: rows,
            outputs: outputs,
            inputs: inputs
          )
        }
      }
    }
  }

  private static func forward(_ packed: PackedWeights, _ x: Tile) -> Matrix {
    let y = Tile(rows: x.rows, columns: packed.outputs)
    packed.multiply(x, into: y)
    return Matrix(takingOwnership: y)
  }

  private static func backward(_ packed: PackedWeights, _ dy: Tile) -> Matrix {
    let dx = Tile(rows: dy.rows, columns: packed.inputs)
    packed.multiplyTransposed(dy, into: dx)
    return Matrix(takingOwnership: dx)
  }

  /// Rounds to the nearest of a precision, to even between two.
  private static func rounded(_ number: Float, _ precision: Precision) -> Float {
    guard precision == .bfloat16 else { return number }
    // Adding and taking off 2^16 times the number leaves its upper 8 significant bits.
    let scaled = number * 65_537
    return scaled - (scaled - number)
  }

  private static func rounded(_ matrix: Matrix, _ precision: Precision) -> Matrix {
    let values = matrix.values.map { rounded($0, precision) }
    return Matrix(rows: matrix.rows, columns: matrix.columns, values: values)
  }

  /// Whether `found` is `left * right^T` up to the rounding of as many additions as there are terms.
  private static func isProduct(_ found: Matrix, _ left: Matrix, _ right: Matrix) -> Bool {
    for row in 0..<found.rows {
      let l = left.row(row).map(Double.init)
      for column in 0..<found.columns {
        let terms = zip(l, right.row(column)).map { $0 * Double($1) }
        let size = terms.reduce(0) { $0 + abs($1) }
        let bound = Double(terms.count + 2) * 0x1p-24 * size
        let difference = abs(Double(found[row, column]) - terms.reduce(0, +))
        guard difference <= bound else { return false }
      }
    }
    return true
  }

  @Test(arguments: Case.all)
  func `products are those of the rounded numbers, in both directions`(_ example: Case) {
    let packed = example.packed
    let weights = Self.rounded(example.weights, example.precision)
    let x = Self.rounded(example.x, example.precision)
    let dy = Self.rounded(example.dy, example.precision)
    #expect(Self.isProduct(Self.forward(packed, example.x.tile), x, weights))
    #expect(Self.isProduct(Self.backward(packed, example.dy.tile), dy, weights.transposed))
  }

  @Test(arguments: Case.all)
  func `a row has the same bits alone as among others`(_ example: Case) {
    let (packed, x, dy) = (example.packed, example.x, example.dy)
    let (together, together2) = (Self.forward(packed, x.tile), Self.backward(packed, dy.tile))
    for row in Set([0, example.rows / 2, example.rows - 1]) {
      let range = row..<row + 1
      #expect(Self.forward(packed, x.tile.rows(range)) == together.rows(range))
      #expect(Self.backward(packed, dy.tile.rows(range)) == together2.rows(range))
    }
  }

  @Test(arguments: Precision.allCases)
  func `one thread and all threads give the same bits`(_ precision: Precision) {
    let example = Case(
      precision: precision,
      level: .detected,
      rows: 260,
      outputs: 500,
      inputs: 300
    )
    let (packed, x, dy) = (example.packed, example.x, example.dy)
    let (forward, backward) = (Self.forward(packed, x.tile), Self.backward(packed, dy.tile))
    // Inside a fork each product stays on its thread.
    Threads.forEach(2) { _ in
      #expect(Self.forward(packed, x.tile) == forward)
      #expect(Self.backward(packed, dy.tile) == backward)
    }
  }

  @Test(arguments: KernelLevel.available)
  func `bfloat16 products have the bits of the instruction at every level`(_ level: KernelLevel) {
    let example = Case(
      precision: .bfloat16,
      level: level,
      rows: 14,
      outputs: 35,
      inputs: 77
    )
    let x = Self.rounded(example.x, .bfloat16)
    let weights = Self.rounded(example.weights, .bfloat16)
    let found = Self.forward(example.packed, example.x.tile)
    for row in 0..<example.rows {
      for output in 0..<example.outputs {
        var sum: Float = 0
        for input in stride(from: 0, to: example.inputs, by: 2) {
          if input + 1 < example.inputs {
            sum.addProduct(x[row, input + 1], weights[output, input + 1])
          }
          sum.addProduct(x[row, input], weights[output, input])
        }
        #expect(found[row, output] == sum)
      }
    }
  }

  @Test(arguments: Case.all)
  func `a product may be added to what is there`(_ example: Case) {
    let packed = example.packed
    let y = Tile(rows: example.rows, columns: example.outputs)
    let dx = Tile(rows: example.rows, columns: example.inputs)
    y.fill(0)
    dx.fill(0)
    for _ in 0..<2 {
      packed.multiply(example.x.tile, into: y, accumulate: true)
      packed.multiplyTransposed(example.dy.tile, into: dx, accumulate: true)
    }
    var forward = Self.forward(packed, example.x.tile)
    var backward = Self.backward(packed, example.dy.tile)
    forward.scale(by: 2)
    backward.scale(by: 2)
    #expect(Self.isClose(Matrix(takingOwnership: y), forward))
    #expect(Self.isClose(Matrix(takingOwnership: dx), backward))
  }

  private static func isClose(_ a: Matrix, _ b: Matrix) -> Bool {
    let size = b.values.map(abs).max() ?? 0
    return zip(a.values, b.values).allSatisfy { abs($0 - $1) <= 1e-5 * size }
  }

  @Test(arguments: Case.all)
  func `weights come out of a packing as they went in, but for rounding`(_ example: Case) {
    let packed = example.packed
    let expected = Self.rounded(example.weights, example.precision)
    #expect(packed.unpacked() == expected)
    let chosen = [example.outputs - 1, 0, example.outputs / 2]
    let rows = Tile(rows: chosen.count, columns: example.inputs)
    packed.copyRows(chosen, into: rows)
    #expect(Matrix(takingOwnership: rows) == expected.gatheringRows(chosen))
  }

  @Test func `bfloat16 takes half of the memory`() {
    let weights = Matrix(rows: 64, columns: 100).tile
    #expect(PackedWeights(weights).byteCount == 25_600)
    #expect(PackedWeights(weights, WeightFormat(.bfloat16)).byteCount == 12_800)
  }

  @Test func `numbers that are not finite stay so in bfloat16`() {
    let weights = Matrix(rows: 1, columns: 3, values: [1, 1, 1])
    let packed = PackedWeights(weights.tile, WeightFormat(.bfloat16))
    for bad in [Float.nan, .infinity, -.infinity] {
      let x = Matrix(rows: 1, columns: 3, values: [0.5, bad, 2])
      #expect(!Self.forward(packed, x.tile)[0, 0].isFinite)
    }
  }
}

extension Matrix {
  /// Rows as columns.
  fileprivate var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    for row in 0..<rows {
      for column in 0..<columns { result[column, row] = self[row, column] }
    }
    return result
  }
}

import Foundation
import Tensors
import Testing

@Suite struct RowKernelsTests {
  private static let width = 37
  private static let rows = 5

  private static func random(_ columns: Int, seed: UInt64) -> Matrix {
    var generator = SeededGenerator(seed: seed)
    return .normal(rows: rows, columns: columns, deviation: 1.5, using: &generator)
  }

  private static func norm(_ x: [Double], _ weight: [Double]) -> [Double] {
    let scale = 1 / (x.reduce(0) { $0 + $1 * $1 } / Double(x.count) + 1e-5).squareRoot()
    return x.indices.map { x[$0] * scale * weight[$0] }
  }

  @Test func `the norm and its gradients are those of the naive twin`() {
    let (x, dy) = (Self.random(Self.width, seed: 1), Self.random(Self.width, seed: 2))
    let weight = Self.random(Self.width, seed: 3).rows(0..<1)
    let y = Tile(rows: Self.rows, columns: Self.width)
    let scales = Tile(rows: Self.rows, columns: 1)
    rmsNormForward(x.tile, weight: weight.tile, epsilon: 1e-5, into: y, rstd: scales)
    let dx = Tile(rows: Self.rows, columns: Self.width)
    dx.fill(1)
    let dWeight = Tile(rows: 1, columns: Self.width, zeroed: true)
    rmsNormBackward(
      dy.tile,
      x: x.tile,
      weight: weight.tile,
      rstd: scales,
      addingTo: dx,
      dWeight: dWeight
    )
    let (found, foundX) = (Matrix(takingOwnership: y), Matrix(takingOwnership: dx))
    let foundWeight = Matrix(takingOwnership: dWeight)
    let w = weight.values.map(Double.init)
    for row in 0..<Self.rows {
      let expected = Self.norm(x.row(row).map(Double.init), w)
      for column in 0..<Self.width {
        #expect(abs(Double(found[row, column]) - expected[column]) < 1e-5)
      }
      for column in [0, 18, 36] {
        let loss = { (step: Double) -> Double in
          var moved = x.row(row).map(Double.init)
          moved[column] += step
          return zip(Self.norm(moved, w), dy.row(row)).reduce(0) { $0 + $1.0 * Double($1.1) }
        }
        let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
        #expect(abs(Double(foundX[row, column]) - 1 - slope) < 1e-5)
      }
    }
    for column in [0, 18, 36] {
      let expected = (0..<Self.rows).reduce(0.0) { sum, row in
        let ones = [Double](repeating: 1, count: Self.width)
        let normed = Self.norm(x.row(row).map(Double.init), ones)[column]
        return sum + normed * Double(dy[row, column])
      }
      #expect(abs(Double(foundWeight[0, column]) - expected) < 1e-5)
    }
  }

  @Test func `the gated activation and its gradients are those of the naive twin`() {
    let gateUp = Self.random(2 * Self.width, seed: 1)
    let dOut = Self.random(Self.width, seed: 2)
    let out = Tile(rows: Self.rows, columns: Self.width)
    let d = Tile(rows: Self.rows, columns: 2 * Self.width)
    gatedActivationForward(gateUp.tile, into: out)
    gatedActivationBackward(dOut.tile, gateUp: gateUp.tile, into: d)
    let (found, gradient) = (Matrix(takingOwnership: out), Matrix(takingOwnership: d))
    let twin = { (gate: Double, up: Double) in gate / (1 + exp(-gate)) * up }
    for row in 0..<Self.rows {
      for column in 0..<Self.width {
        let gate = Double(gateUp[row, column])
        let up = Double(gateUp[row, column + Self.width])
        let dy = Double(dOut[row, column])
        #expect(abs(Double(found[row, column]) - twin(gate, up)) < 1e-5)
        let gateSlope = (twin(gate + 1e-5, up) - twin(gate - 1e-5, up)) / 2e-5 * dy
        #expect(abs(Double(gradient[row, column]) - gateSlope) < 1e-5)
        let upSlope = twin(gate, 1) * dy
        #expect(abs(Double(gradient[row, column + Self.width]) - upSlope) < 1e-5)
      }
    }
  }

  @Test func `rotation keeps lengths, pairs halves and turns back`() {
    let table = RotaryTable(positionCount: 100, headWidth: 8, base: 10_000)
    let x = Self.random(16, seed: 4)
    let turned = Tile(rows: Self.rows, columns: 16)
    turned.copy(from: x.tile)
    let positions: [Int32] = [0, 1, 7, 50, 99]
    table.rotate(turned, positions: positions)
    let found = Matrix(takingOwnership: turned)
    #expect(found.row(0) == x.row(0))
    let angle = 99 * pow(10_000, -2.0 / 8)
    let expected = Double(x[4, 1]) * cos(angle) - Double(x[4, 5]) * sin(angle)
    #expect(abs(Double(found[4, 1]) - expected) < 1e-5)
    let back = Tile(rows: Self.rows, columns: 16)
    back.copy(from: found.tile)
    table.rotate(back, positions: positions, isInverse: true)
    for (left, right) in zip(Matrix(takingOwnership: back).values, x.values) {
      #expect(abs(left - right) < 1e-5)
    }
  }

  @Test func `angles do not depend on which positions came before`() {
    let fresh = RotaryTable(positionCount: 1 << 40, headWidth: 8, base: 10_000)
    let used = RotaryTable(positionCount: 1 << 40, headWidth: 8, base: 10_000)
    let x = Self.random(16, seed: 4)
    let turn = { (table: RotaryTable, positions: [Int32]) in
      let tile = Tile(rows: Self.rows, columns: 16)
      tile.copy(from: x.tile)
      table.rotate(tile, positions: positions)
      return Matrix(takingOwnership: tile)
    }
    _ = turn(used, [0, 1, 2, 3, 4])
    _ = turn(used, [511, 512, 7, 0, 1])
    let far: [Int32] = [3000, 5, 1023, 1024, 2047]
    #expect(turn(used, far) == turn(fresh, far))
  }

  @Test func `divisors slow a pair down`() {
    let plain = RotaryTable(positionCount: 100, headWidth: 4, base: 10_000)
    let slow = RotaryTable(positionCount: 100, headWidth: 4, base: 10_000, divisors: [4, 1])
    let x = Matrix(rows: 1, columns: 4, values: [1, 2, 3, 4] as [Float])
    let turn = { (table: RotaryTable, position: Int32) in
      let tile = Tile(rows: 1, columns: 4)
      tile.copy(from: x.tile)
      table.rotate(tile, positions: [position])
      return Matrix(takingOwnership: tile).values
    }
    // The first pair of both stands where the other's does at a quarter of the position.
    #expect(turn(slow, 80)[0] == turn(plain, 20)[0] && turn(slow, 80)[2] == turn(plain, 20)[2])
    #expect(turn(slow, 80)[1] == turn(plain, 80)[1] && turn(slow, 80)[3] == turn(plain, 80)[3])
  }

  @Test func `row biases and column sums are each other's gradient`() {
    let x = Self.random(Self.width, seed: 5)
    let sums = Tile(rows: 1, columns: Self.width, zeroed: true)
    addColumnSums(of: x.tile, to: sums)
    let found = Matrix(takingOwnership: sums)
    let expected = (0..<Self.rows).reduce(Float(0)) { $0 + x[$1, 3] }
    #expect(abs(found[0, 3] - expected) < 1e-5)
    let shifted = Tile(rows: Self.rows, columns: Self.width, zeroed: true)
    addRow(found.tile, to: shifted)
    #expect(Matrix(takingOwnership: shifted).row(4) == found.row(0))
  }
}

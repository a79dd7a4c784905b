import Foundation
import Tensors
import Testing

@Suite struct GeluTests {
  private static let width = 41
  private static let rows = 4

  private static func random(_ columns: Int, seed: UInt64) -> Matrix {
    var generator = SeededGenerator(seed: seed)
    return .normal(rows: rows, columns: columns, deviation: 2.5, using: &generator)
  }

  private static func gelu(_ x: Double) -> Double {
    0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  private static func slope(_ x: Double) -> Double { (gelu(x + 1e-5) - gelu(x - 1e-5)) / 2e-5 }

  @Test func `GELU and its gradient are those of the naive twin`() {
    let (x, dOut) = (Self.random(Self.width, seed: 1), Self.random(Self.width, seed: 2))
    let out = Tile(rows: Self.rows, columns: Self.width)
    let dx = Tile(rows: Self.rows, columns: Self.width)
    geluForward(x.tile, into: out)
    geluBackward(dOut.tile, x: x.tile, into: dx)
    let (found, gradient) = (Matrix(takingOwnership: out), Matrix(takingOwnership: dx))
    for (index, value) in x.values.map(Double.init).enumerated() {
      #expect(abs(Double(found.values[index]) - Self.gelu(value)) < 1e-5)
      let expected = Self.slope(value) * Double(dOut.values[index])
      #expect(abs(Double(gradient.values[index]) - expected) < 1e-5)
    }
  }

  @Test func `the gate of GELU and its gradients are those of the naive twin`() {
    let gateUp = Self.random(2 * Self.width, seed: 1)
    let dOut = Self.random(Self.width, seed: 2)
    let out = Tile(rows: Self.rows, columns: Self.width)
    let d = Tile(rows: Self.rows, columns: 2 * Self.width)
    gatedGeluForward(gateUp.tile, into: out)
    gatedGeluBackward(dOut.tile, gateUp: gateUp.tile, into: d)
    let (found, gradient) = (Matrix(takingOwnership: out), Matrix(takingOwnership: d))
    for row in 0..<Self.rows {
      for column in 0..<Self.width {
        let gate = Double(gateUp[row, column])
        let up = Double(gateUp[row, column + Self.width])
        let dy = Double(dOut[row, column])
        #expect(abs(Double(found[row, column]) - Self.gelu(gate) * up) < 2e-5)
        #expect(abs(Double(gradient[row, column]) - Self.slope(gate) * up * dy) < 5e-5)
        let upSlope = Self.gelu(gate) * dy
        #expect(abs(Double(gradient[row, column + Self.width]) - upSlope) < 5e-5)
      }
    }
  }

  @Test func `GELU of large numbers is the number or nothing`() {
    let x = Matrix(rows: 1, columns: 4, values: [-50, -12, 12, 50] as [Float])
    let out = Tile(rows: 1, columns: 4)
    geluForward(x.tile, into: out)
    let found = Matrix(takingOwnership: out).values
    for (left, right) in zip(found, [0, 0, 12, 50] as [Float]) { #expect(abs(left - right) < 1e-6) }
  }
}

import Foundation
import Tensors
import Testing

@Suite struct LayerNormTests {
  private static let width = 37
  private static let rows = 5

  private static func random(rows: Int = rows, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = SeededGenerator(seed: seed)
    return .normal(rows: rows, columns: columns, deviation: 1.5, using: &generator)
  }

  private static func norm(_ x: [Double], _ weight: [Double], _ bias: [Double]) -> [Double] {
    let mean = x.reduce(0, +) / Double(x.count)
    let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
    let scale = 1 / (variance + 1e-5).squareRoot()
    return x.indices.map { (x[$0] - mean) * scale * weight[$0] + bias[$0] }
  }

  /// The loss `dy . norm(x)` of one row.
  private static func loss(
    _ x: [Double],
    _ weight: [Double],
    _ bias: [Double],
    _ dy: [Float]
  ) -> Double {
    zip(norm(x, weight, bias), dy).reduce(0) { $0 + $1.0 * Double($1.1) }
  }

  @Test func `the layer norm and its gradients are those of the naive twin`() {
    let (x, dy) = (Self.random(Self.width, seed: 1), Self.random(Self.width, seed: 2))
    let weight = Self.random(rows: 1, Self.width, seed: 3)
    let bias = Self.random(rows: 1, Self.width, seed: 4)
    let y = Tile(rows: Self.rows, columns: Self.width)
    let scales = Tile(rows: Self.rows, columns: 1)
    layerNormForward(
      x.tile,
      weight: weight.tile,
      bias: bias.tile,
      epsilon: 1e-5,
      into: y,
      rstd: scales
    )
    let dx = Tile(rows: Self.rows, columns: Self.width)
    dx.fill(1)
    let dWeight = Tile(rows: 1, columns: Self.width, zeroed: true)
    let dBias = Tile(rows: 1, columns: Self.width, zeroed: true)
    layerNormBackward(
      dy.tile,
      x: x.tile,
      weight: weight.tile,
      rstd: scales,
      addingTo: dx,
      dWeightAndBias: (dWeight, dBias)
    )
    let (found, foundX) = (Matrix(takingOwnership: y), Matrix(takingOwnership: dx))
    let foundWeight = Matrix(takingOwnership: dWeight)
    let foundBias = Matrix(takingOwnership: dBias)
    let (w, b) = (weight.values.map(Double.init), bias.values.map(Double.init))
    for row in 0..<Self.rows {
      let values = x.row(row).map(Double.init)
      for (left, right) in zip(found.row(row), Self.norm(values, w, b)) {
        #expect(abs(Double(left) - right) < 1e-5)
      }
      for column in [0, 18, 36] {
        let slope = Self.slope { step in
          var moved = values
          moved[column] += step
          return Self.loss(moved, w, b, dy.row(row))
        }
        #expect(abs(Double(foundX[row, column]) - 1 - slope) < 1e-5)
      }
    }
    for column in [0, 18, 36] {
      let total = { (w: [Double], b: [Double]) in
        (0..<Self.rows).reduce(0.0) {
          $0 + Self.loss(x.row($1).map(Double.init), w, b, dy.row($1))
        }
      }
      let weightSlope = Self.slope { step in
        var moved = w
        moved[column] += step
        return total(moved, b)
      }
      #expect(abs(Double(foundWeight[0, column]) - weightSlope) < 1e-5)
      let biasSlope = Self.slope { step in
        var moved = b
        moved[column] += step
        return total(w, moved)
      }
      #expect(abs(Double(foundBias[0, column]) - biasSlope) < 1e-5)
    }
  }

  @Test func `the norm of heads is the norm of each head, and so are its gradients`() {
    let (heads, width) = (3, 6)
    let x = Self.random(heads * width, seed: 5)
    let dy = Self.random(heads * width, seed: 6)
    let weight = Self.random(rows: 1, width, seed: 7)
    // Within wider rows, as queries lie beside keys and values.
    let wide = Tile(rows: Self.rows, columns: heads * width + 5)
    let y = wide.columns(2..<2 + heads * width)
    y.copy(from: x.tile)
    let scales = Tile(rows: heads, columns: Self.rows)
    headNormForward(y, weight: weight.tile, epsilon: 1e-5, rstd: scales)
    let dx = Tile(rows: Self.rows, columns: heads * width, zeroed: true)
    let dWeight = Tile(rows: 1, columns: width, zeroed: true)
    headNormBackward(
      dy.tile,
      x: x.tile,
      weight: weight.tile,
      rstd: scales,
      addingTo: dx,
      dWeight: dWeight
    )
    var total = Matrix(rows: 1, columns: width)
    for head in 0..<heads {
      let range = head * width..<(head + 1) * width
      let expected = Tile(rows: Self.rows, columns: width)
      let rstd = Tile(rows: Self.rows, columns: 1)
      let part = x.tile.columns(range)
      rmsNormForward(part, weight: weight.tile, epsilon: 1e-5, into: expected, rstd: rstd)
      #expect(
        Matrix(takingOwnership: y.columns(range)) == Matrix(takingOwnership: expected)
      )
      let gradient = Tile(rows: Self.rows, columns: width, zeroed: true)
      let weightGradient = Tile(rows: 1, columns: width, zeroed: true)
      rmsNormBackward(
        dy.tile.columns(range),
        x: part,
        weight: weight.tile,
        rstd: rstd,
        addingTo: gradient,
        dWeight: weightGradient
      )
      #expect(
        Matrix(takingOwnership: dx.columns(range)) == Matrix(takingOwnership: gradient)
      )
      total.add(Matrix(takingOwnership: weightGradient))
    }
    for (left, right) in zip(Matrix(takingOwnership: dWeight).values, total.values) {
      #expect(abs(left - right) < 1e-4)
    }
  }

  private static func slope(_ loss: (Double) -> Double) -> Double {
    (loss(1e-5) - loss(-1e-5)) / 2e-5
  }
}

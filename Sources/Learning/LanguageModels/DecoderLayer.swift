internal import ModelFiles
internal import Tensors

/// The weights of one decoder layer, or their gradients; maps are (output, input) row-major.
struct DecoderLayer: Sendable {
  /// By slot; `nil` what the family does not have.
  private var matrices: [Matrix?]

  /// A layer of zeros.
  init(zerosFor configuration: ModelConfiguration) {
    matrices = Array(repeating: nil, count: LayerSlot.allCases.count)
    var shapes: [LayerSlot: (outputs: Int, inputs: Int)] = [:]
    for part in LayerPart.all(configuration) {
      let outputs = max(shapes[part.slot]?.outputs ?? 0, part.outputs.upperBound)
      shapes[part.slot] = (outputs, part.isMap ? part.inputs : 0)
    }
    for (slot, (outputs, inputs)) in shapes {
      self[slot] =
        inputs > 0
        ? Matrix(rows: outputs, columns: inputs) : Matrix(rows: 1, columns: outputs)
    }
  }

  /// A layer of matrices by slot.
  init(_ matrices: [Matrix?]) {
    precondition(matrices.count == LayerSlot.allCases.count, "one place for each slot")
    self.matrices = matrices
  }

  /// A matrix; `nil` where the family has none.
  subscript(_ slot: LayerSlot) -> Matrix? {
    get { matrices[slot.rawValue] }
    set { matrices[slot.rawValue] = newValue }
  }

  /// A matrix that every family has.
  func tile(_ slot: LayerSlot) -> Tile {
    guard let matrix = self[slot] else { preconditionFailure("a layer has no \(slot)") }
    return matrix.tile
  }

  /// A norm and, where the family has one, its bias.
  func norm(_ slot: LayerSlot, bias: LayerSlot? = nil) -> NormWeights {
    NormWeights(weight: tile(slot), bias: bias.flatMap { self[$0]?.tile })
  }

  /// Sets the numbers of one part.
  ///
  /// - Parameters:
  ///   - part: the part.
  ///   - transposed: whether `fill` writes a map as (inputs, outputs).
  ///   - fill: writes the part's numbers.
  /// - Throws: What `fill` throws.
  mutating func set<E: Error>(
    _ part: LayerPart,
    transposed: Bool,
    _ fill: (inout MutableSpan<Float>) throws(E) -> Void
  ) throws(E) {
    guard var matrix = self[part.slot] else { return }
    // The only owner, so that the matrix is written in place.
    self[part.slot] = nil
    defer { self[part.slot] = matrix }
    let range = part.outputs.lowerBound * part.inputs..<part.outputs.upperBound * part.inputs
    guard transposed && part.isMap else {
      try matrix.withMutableValues { (values) throws(E) in
        var span = UnsafeMutableBufferPointer(rebasing: values[range]).mutableSpan
        try fill(&span)
      }
      return
    }
    var stored = Matrix(rows: part.inputs, columns: part.outputs.count)
    try stored.withMutableSpan { (span) throws(E) in try fill(&span) }
    let turned = stored.transposed()
    matrix.withMutableValues { values in
      turned.withValues { turned in
        _ = UnsafeMutableBufferPointer(rebasing: values[range]).update(from: turned)
      }
    }
  }

  /// Copies of weights and biases with their names and layout in the family's checkpoints.
  ///
  /// - Parameters:
  ///   - index: the layer's number.
  ///   - configuration: the model's.
  ///   - areGradients: whether these are gradients, which no offset of the family is in.
  /// - Returns: Name and numbers of each part, in the order of the forward pass.
  func named(
    _ index: Int,
    _ configuration: ModelConfiguration,
    areGradients: Bool = false
  ) -> [(name: String, matrix: Matrix)] {
    let family = configuration.family
    return LayerPart.all(configuration).compactMap { part in
      guard let matrix = self[part.slot] else { return nil }
      var copy =
        part.isMap
        ? matrix.rows(part.outputs) : Matrix(takingOwnership: matrix.tile.columns(part.outputs))
      if part.isMap && family.transposesMaps { copy = copy.transposed() }
      if part.tensor.module.isNorm && !part.tensor.isBias && !areGradients {
        copy = copy.adding(-family.normOffset)
      }
      return (family.names.layer(index, part.tensor), copy)
    }
  }

  /// This layer with an adapter's products added to its weights.
  func merging(
    _ adapter: LowRankAdapter,
    layer: Int,
    _ configuration: ModelConfiguration
  ) -> DecoderLayer {
    var merged = self
    for projection in Projection.allCases {
      guard let delta = adapter.weightDelta(layer: layer, projection: projection) else { continue }
      let (slot, start) = projection.place(configuration)
      guard var matrix = merged[slot] else { continue }
      merged[slot] = nil
      matrix.withMutableValues { values in
        delta.withValues { added in
          let first = start * delta.columns
          for index in added.indices { values[first + index] += added[index] }
        }
      }
      merged[slot] = matrix
    }
    return merged
  }
}

extension Matrix {
  /// Rows as columns.
  func transposed() -> Matrix {
    var result = Matrix(rows: columns, columns: rows)
    result.withMutableValues { target in
      withValues { source in
        for row in 0..<rows {
          for column in 0..<columns { target[column * rows + row] = source[row * columns + column] }
        }
      }
    }
    return result
  }

  /// This matrix with `value` added to every element.
  func adding(_ value: Float) -> Matrix {
    guard value != 0 else { return self }
    var result = self
    result.withMutableValues { values in
      for index in values.indices { values[index] += value }
    }
    return result
  }
}

internal import ModelFiles
package import Tensors

/// A weight of a model, whose numbers are taken out of their packing only when they are asked for.
struct NamedWeight {
  let name: WeightName
  let rows: Int
  let columns: Int
  /// The numbers: (rows, columns).
  let matrix: () -> Matrix

  /// A weight that is not packed.
  init(_ name: WeightName, _ matrix: Matrix) {
    self.name = name
    (rows, columns) = (matrix.rows, matrix.columns)
    self.matrix = { matrix }
  }

  /// Packed weights, one or several on top of each other.
  init(_ name: WeightName, _ parts: [PackedWeights]) {
    self.name = name
    rows = parts.reduce(0) { $0 + $1.outputs }
    columns = parts.first?.inputs ?? 0
    matrix = { parts.count == 1 ? parts[0].unpacked() : .stacking(parts.map { $0.unpacked() }) }
  }
}

extension LanguageModel {
  /// All weights with their names, in the order of the forward pass.
  var namedWeights: [NamedWeight] {
    var weights = [NamedWeight(.embedding, [embedding])]
    if let positionEmbedding { weights.append(NamedWeight(.positions, positionEmbedding)) }
    for (index, layer) in layers.enumerated() {
      for slot in LayerSlot.allCases {
        if slot.isMap {
          weights.append(NamedWeight(.layer(index, slot), layer.maps(slot)))
        } else if let vector = layer.vectors[slot] {
          weights.append(NamedWeight(.layer(index, slot), vector))
        }
      }
    }
    weights.append(NamedWeight(.finalNorm, finalNorm))
    if let finalNormBias { weights.append(NamedWeight(.finalNormBias, finalNormBias)) }
    if let untiedHead { weights.append(NamedWeight(.head, [untiedHead])) }
    return weights
  }

  /// All weights as optimisers see them: copies, rounded to the model's precision.
  ///
  /// Maps that read the same input are one matrix each; `checkpoint` takes them apart.
  package var parameters: ParameterSet {
    var result = ParameterSet()
    for weight in namedWeights { result.set(weight.name.text, weight.matrix()) }
    return result
  }

  /// Whether these are named and shaped like `parameters`.
  func accepts(_ weights: ParameterSet) -> Bool {
    let own = namedWeights
    return own.map(\.name.text) == weights.names
      && zip(own, weights.matrices).allSatisfy { $0.rows == $1.rows && $0.columns == $1.columns }
  }

  /// The names of the parameters that weight decay is for.
  package var decayingParameters: Set<String> {
    Set(namedWeights.filter(\.name.decays).map(\.name.text))
  }

  /// Weights or their gradients under the names and in the layout of the family's checkpoints.
  ///
  /// - Parameters:
  ///   - parameters: named like `parameters`; any of them may be missing.
  ///   - areGradients: whether these are gradients, which no offset of the family is in.
  /// - Returns: Copies in the order of the forward pass.
  package func checkpoint(
    of parameters: ParameterSet,
    areGradients: Bool = false
  ) -> ParameterSet {
    let names = configuration.family.names
    let offset = areGradients ? 0 : configuration.family.normOffset
    var result = ParameterSet()
    func set(_ name: String, _ weight: WeightName, adding value: Float = 0) {
      if let matrix = parameters[weight.text] { result.set(name, matrix.adding(value)) }
    }
    set(names.embedding + ".weight", .embedding)
    set(names.positions + ".weight", .positions)
    for index in layers.indices {
      let layer = DecoderLayer(
        LayerSlot.allCases.map { parameters[WeightName.layer(index, $0).text] }
      )
      for (name, matrix) in layer.named(index, configuration, areGradients: areGradients) {
        result.set(name, matrix)
      }
    }
    set(names.finalNorm + ".weight", .finalNorm, adding: -offset)
    set(names.finalNorm + ".bias", .finalNormBias)
    set(names.head + ".weight", .head)
    return result
  }
}

internal import ModelFiles
package import Tensors

extension LanguageModel {
  /// All weights with their names, in the order of the forward pass.
  var namedWeights: [(name: WeightName, matrix: Matrix)] {
    var weights: [(WeightName, Matrix)] = [(.embedding, embedding)]
    if let positionEmbedding { weights.append((.positions, positionEmbedding)) }
    for (index, layer) in layers.enumerated() {
      for slot in LayerSlot.allCases {
        if let matrix = layer[slot] { weights.append((.layer(index, slot), matrix)) }
      }
    }
    weights.append((.finalNorm, finalNorm))
    if let finalNormBias { weights.append((.finalNormBias, finalNormBias)) }
    if let untiedHead { weights.append((.head, untiedHead)) }
    return weights
  }

  /// All weights as optimisers see them, sharing the model's memory.
  ///
  /// Maps that read the same input are one matrix each; `checkpoint` takes them apart.
  package var parameters: ParameterSet {
    var result = ParameterSet()
    for (name, matrix) in namedWeights { result.set(name.text, matrix) }
    return result
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

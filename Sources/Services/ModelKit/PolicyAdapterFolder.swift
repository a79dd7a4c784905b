package import LanguageModels
internal import ModelFiles
internal import Tensors

/// Writes a policy's adapter as PEFT lays it out, and reads it again.
package enum PolicyAdapterFolder {
  /// Writes `adapter_config.json` and `adapter_model.safetensors`; each file is replaced as a whole.
  package static func write(
    _ adapter: LowRankAdapter,
    to folder: String,
    model: ModelConfiguration,
    baseModel: String
  ) throws {
    let configuration = adapter.configuration
    let parameters = adapter.parameters
    try StoredAdapter(
      description: AdapterDescription(
        task: .causalLanguageModel,
        rank: configuration.rank,
        alpha: configuration.alpha,
        targetModules: configuration.targets.map { $0.targetName(model) },
        layers: Array(adapter.firstLayer..<model.layerCount),
        fanInFanOut: model.family.transposesMaps,
        baseModel: baseModel
      ),
      tensors: zip(parameters.names, parameters.matrices).map { name, matrix in
        NamedTensor(name: name, shape: [matrix.rows, matrix.columns], values: matrix.values)
      }
    ).write(to: folder)
  }

  /// Reads an adapter and checks that it fits the model.
  package static func read(
    from folder: String,
    model: ModelConfiguration
  ) throws -> LowRankAdapter {
    let stored = try StoredAdapter.read(from: folder)
    let lowest = stored.description.layers?.min() ?? 0
    var parameters = ParameterSet()
    for tensor in stored.tensors where tensor.shape.count == 2 {
      parameters.set(
        tensor.name,
        Matrix(rows: tensor.shape[0], columns: tensor.shape[1], values: tensor.values)
      )
    }
    return try LowRankAdapter(
      AdapterConfiguration(
        rank: stored.description.rank,
        alpha: stored.description.alpha,
        topLayers: model.layerCount - lowest,
        targets: LowRankAdapter.targets(named: parameters.names, model)
      ),
      model: model,
      parameters: parameters
    )
  }
}

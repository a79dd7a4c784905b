internal import ModelFiles
package import Tensors

/// A low-rank adapter: `W x + (alpha / rank) B A x` for the chosen linear maps.
///
/// Parameters carry PEFT's names (`base_model.model.model.layers.24.self_attn.q_proj.lora_A.weight`)
/// and shapes: A is (rank, input), B is (output, rank).
///
/// - Source: Hu et al., "LoRA", 2021; scaling and initial values as in PEFT.
package struct LowRankAdapter: Sendable, Equatable {
  /// Which maps are extended, and how.
  package let configuration: AdapterConfiguration
  /// The lowest extended layer.
  package let firstLayer: Int
  /// The matrices A and B of every extended map; replace their numbers, not their names or shapes.
  package var parameters: ParameterSet

  private let positions: [Key: Int]

  /// One map of one layer.
  struct Key: Hashable, Sendable {
    let layer: Int
    let projection: Projection
  }

  /// Makes a new adapter: A uniform within `1 / sqrt(input)` (Kaiming with slope sqrt 5), B zero.
  ///
  /// The configuration's targets become those that the model has.
  package init(_ wish: AdapterConfiguration, model: ModelConfiguration, seed: UInt64) {
    var configuration = wish
    configuration.targets = Projection.wanted(wish.targets, of: model)
    self.configuration = configuration
    firstLayer = configuration.firstLayer(of: model.layerCount)
    var parameters = ParameterSet()
    var positions: [Key: Int] = [:]
    for layer in firstLayer..<max(firstLayer, model.layerCount) {
      for (index, projection) in Projection.allCases.enumerated()
      where configuration.targets.contains(projection) {
        let (input, output) = projection.widths(model)
        var generator = SeededGenerator(seed: seed, streams: UInt64(layer), UInt64(index))
        positions[Key(layer: layer, projection: projection)] = parameters.count
        parameters.set(
          Self.name(layer, projection, "A", model),
          .uniform(
            rows: configuration.rank,
            columns: input,
            bound: 1 / Double(input).squareRoot(),
            using: &generator
          )
        )
        parameters.set(
          Self.name(layer, projection, "B", model),
          Matrix(rows: output, columns: configuration.rank)
        )
      }
    }
    self.parameters = parameters
    self.positions = positions
  }

  /// Makes an adapter with saved parameters.
  ///
  /// - Throws: `TensorError` when they do not fit the configuration and the model.
  package init(
    _ configuration: AdapterConfiguration,
    model: ModelConfiguration,
    parameters: ParameterSet
  ) throws(TensorError) {
    self.init(configuration, model: model, seed: 0)
    try self.parameters.load(parameters)
  }

  /// PEFT's name of a matrix (`A` or `B`).
  package static func name(
    _ layer: Int,
    _ projection: Projection,
    _ matrix: String,
    _ model: ModelConfiguration
  ) -> String {
    let layers = "base_model.model.\(model.family.names.layers)"
    return "\(layers)\(layer).\(projection.moduleName(model)).lora_\(matrix).weight"
  }

  /// The maps that matrices of these names extend.
  package static func targets(
    named names: some Sequence<String>,
    _ model: ModelConfiguration
  ) -> Set<Projection> {
    let endings = Projection.all(of: model).map { ($0, ".\($0.moduleName(model)).lora_A.weight") }
    var found: Set<Projection> = []
    for name in names {
      for (projection, ending) in endings where name.hasSuffix(ending) { found.insert(projection) }
    }
    return found
  }

  /// Returns the place of a map's A in the parameters, where the map is extended; its B follows.
  func position(layer: Int, projection: Projection) -> Int? {
    positions[Key(layer: layer, projection: projection)]
  }

  /// `scaling * B * A`, what the adapter adds to a map's weights; `nil` where it adds nothing.
  package func weightDelta(layer: Int, projection: Projection) -> Matrix? {
    guard let position = position(layer: layer, projection: projection) else { return nil }
    let a = parameters.matrices[position]
    let b = parameters.matrices[position + 1]
    let delta = Tile(rows: b.rows, columns: a.columns)
    multiply(b.tile, a.tile, into: delta, alpha: configuration.scaling)
    return Matrix(takingOwnership: delta)
  }
}

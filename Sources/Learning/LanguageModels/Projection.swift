internal import ModelFiles

/// The linear maps of a layer that an adapter can extend.
package enum Projection: String, Sendable, CaseIterable, Codable, Hashable {
  /// Queries.
  case q
  /// Keys.
  case k
  /// Values.
  case v
  /// The attention's output.
  case o
  /// The gate of the feed-forward layer.
  case gate
  /// The gated half of the feed-forward layer.
  case up
  /// The feed-forward layer's output.
  case down
  /// Queries, keys and values as one map, in families that store them so (GPT-2).
  case qkv

  /// The map as checkpoints know it.
  var module: LayerModule {
    switch self {
    case .q: .query
    case .k: .key
    case .v: .value
    case .qkv: .queryKeyValue
    case .o: .output
    case .gate: .gate
    case .up: .up
    case .down: .down
    }
  }

  /// The maps that a model has.
  package static func all(of configuration: ModelConfiguration) -> [Projection] {
    let modules = configuration.traits.modules(fused: configuration.family.fusesQueryKeyValue)
    return allCases.filter { modules.contains($0.module) }
  }

  /// The maps of a model that a wish for some maps comes down to.
  ///
  /// Where queries, keys and values are one map, a wish for any of them is one for that map.
  static func wanted(
    _ wish: Set<Projection>,
    of configuration: ModelConfiguration
  ) -> Set<Projection> {
    var wish = wish
    if !wish.isDisjoint(with: [.q, .k, .v]) { wish.insert(.qkv) }
    return wish.intersection(all(of: configuration))
  }

  /// The name within a layer in the checkpoints of a family.
  package func moduleName(_ configuration: ModelConfiguration) -> String {
    configuration.family.names.modules[module] ?? rawValue
  }

  /// PEFT's short name: the last part of the module's name, or all of it where another map ends
  /// with the same.
  package func targetName(_ configuration: ModelConfiguration) -> String {
    let last = { (projection: Projection) -> Substring? in
      projection.moduleName(configuration).split(separator: ".").last
    }
    let isShared = Self.all(of: configuration).contains { $0 != self && last($0) == last(self) }
    let name = moduleName(configuration)
    return isShared ? name : last(self).map(String.init) ?? name
  }

  /// The widths of input and output.
  package func widths(_ configuration: ModelConfiguration) -> (input: Int, output: Int) {
    let (inputs, outputs) = configuration.widths.ends(of: module)
    return (inputs, outputs)
  }

  /// The matrix that the map's weights lie in, and their first row.
  func place(_ configuration: ModelConfiguration) -> (slot: LayerSlot, start: Int) {
    let slot: LayerSlot =
      switch self {
      case .q, .k, .v, .qkv: .queryKeyValue
      case .o: .output
      case .gate, .up: .gateUp
      case .down: .down
      }
    return (slot, LayerPart.start(of: module, configuration))
  }
}

/// An extended map, or those of its outputs that one product writes.
struct ExtendedPart: Hashable, Sendable {
  let projection: Projection
  /// The outputs; `nil` for all.
  let outputs: Range<Int>?

  /// Names a part.
  init(_ projection: Projection, outputs: Range<Int>? = nil) {
    self.projection = projection
    self.outputs = outputs
  }

  /// The parts of a joint map of queries, keys and values: the queries, and the others.
  ///
  /// They are products apart because queries may be wanted for fewer rows.
  static func joint(
    _ configuration: ModelConfiguration
  ) -> (queries: ExtendedPart, others: ExtendedPart) {
    let q = configuration.queryWidth
    return (
      ExtendedPart(.qkv, outputs: 0..<q),
      ExtendedPart(.qkv, outputs: q..<q + 2 * configuration.keyWidth)
    )
  }
}

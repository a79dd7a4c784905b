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

  /// The name within a layer in Hugging Face checkpoints.
  package var moduleName: String {
    switch self {
    case .q, .k, .v, .o: "self_attn.\(rawValue)_proj"
    case .gate, .up, .down: "mlp.\(rawValue)_proj"
    }
  }

  /// The widths of input and output.
  package func widths(_ configuration: ModelConfiguration) -> (input: Int, output: Int) {
    switch self {
    case .q: (configuration.width, configuration.queryWidth)
    case .k, .v: (configuration.width, configuration.keyWidth)
    case .o: (configuration.queryWidth, configuration.width)
    case .gate, .up: (configuration.width, configuration.feedForwardWidth)
    case .down: (configuration.feedForwardWidth, configuration.width)
    }
  }
}

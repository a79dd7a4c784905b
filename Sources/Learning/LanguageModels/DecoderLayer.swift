internal import Tensors

/// The weights of one decoder layer, (output, input) row-major.
///
/// Maps that read the same input are stacked into one matrix, so that each is one large product:
/// queries, keys and values; gate and up.
struct DecoderLayer: Sendable {
  /// The norm before attention: (1, width).
  var inputNorm: Matrix
  /// Queries, keys, values: (queryWidth + 2 keyWidth, width).
  var queryKeyValue: Matrix
  /// Their biases: (1, queryWidth + 2 keyWidth).
  var queryKeyValueBias: Matrix?
  /// The attention's output: (width, queryWidth).
  var output: Matrix
  /// The norm before the feed-forward layer: (1, width).
  var feedForwardNorm: Matrix
  /// Gate, then up: (2 feedForwardWidth, width).
  var gateUp: Matrix
  /// The feed-forward layer's output: (width, feedForwardWidth).
  var down: Matrix

  /// A part of the layer with its name in Hugging Face checkpoints.
  struct Part {
    let name: String
    let weights: any (WritableKeyPath<DecoderLayer, Matrix> & Sendable)
    let rows: Range<Int>
  }

  /// The weights by name within the layer, in the order of Hugging Face's files.
  static func parts(_ configuration: ModelConfiguration) -> [Part] {
    let q = configuration.queryWidth
    let k = configuration.keyWidth
    let width = configuration.width
    let inner = configuration.feedForwardWidth
    return [
      Part(name: "input_layernorm.weight", weights: \.inputNorm, rows: 0..<1),
      Part(name: "self_attn.q_proj.weight", weights: \.queryKeyValue, rows: 0..<q),
      Part(name: "self_attn.k_proj.weight", weights: \.queryKeyValue, rows: q..<q + k),
      Part(name: "self_attn.v_proj.weight", weights: \.queryKeyValue, rows: q + k..<q + 2 * k),
      Part(name: "self_attn.o_proj.weight", weights: \.output, rows: 0..<width),
      Part(name: "post_attention_layernorm.weight", weights: \.feedForwardNorm, rows: 0..<1),
      Part(name: "mlp.gate_proj.weight", weights: \.gateUp, rows: 0..<inner),
      Part(name: "mlp.up_proj.weight", weights: \.gateUp, rows: inner..<2 * inner),
      Part(name: "mlp.down_proj.weight", weights: \.down, rows: 0..<width),
    ]
  }

  /// The names of the biases within the layer, in the order of their columns.
  static let biasNames = [
    "self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias",
  ]

  /// Copies of the weights and biases with their Hugging Face names behind `prefix`.
  func named(
    _ prefix: String,
    _ configuration: ModelConfiguration
  ) -> [(name: String, matrix: Matrix)] {
    var result = Self.parts(configuration).map { part in
      (name: prefix + part.name, matrix: self[keyPath: part.weights].rows(part.rows))
    }
    guard let bias = queryKeyValueBias else { return result }
    var start = 0
    let (q, k) = (configuration.queryWidth, configuration.keyWidth)
    for (name, width) in zip(Self.biasNames, [q, k, k]) {
      let part = Matrix(takingOwnership: bias.tile.columns(start..<start + width))
      result.append((name: prefix + name, matrix: part))
      start += width
    }
    return result
  }

  /// A layer of zeros.
  init(zerosFor configuration: ModelConfiguration) {
    let joint = configuration.queryWidth + 2 * configuration.keyWidth
    inputNorm = Matrix(rows: 1, columns: configuration.width)
    queryKeyValue = Matrix(rows: joint, columns: configuration.width)
    queryKeyValueBias = configuration.hasAttentionBias ? Matrix(rows: 1, columns: joint) : nil
    output = Matrix(rows: configuration.width, columns: configuration.queryWidth)
    feedForwardNorm = Matrix(rows: 1, columns: configuration.width)
    gateUp = Matrix(rows: 2 * configuration.feedForwardWidth, columns: configuration.width)
    down = Matrix(rows: configuration.width, columns: configuration.feedForwardWidth)
  }

  /// Where a projection's weights lie.
  static func place(
    of projection: Projection,
    _ configuration: ModelConfiguration
  ) -> (weights: any (WritableKeyPath<DecoderLayer, Matrix> & Sendable), rows: Range<Int>) {
    let q = configuration.queryWidth
    let k = configuration.keyWidth
    let inner = configuration.feedForwardWidth
    return switch projection {
    case .q: (\.queryKeyValue, 0..<q)
    case .k: (\.queryKeyValue, q..<q + k)
    case .v: (\.queryKeyValue, q + k..<q + 2 * k)
    case .o: (\.output, 0..<configuration.width)
    case .gate: (\.gateUp, 0..<inner)
    case .up: (\.gateUp, inner..<2 * inner)
    case .down: (\.down, 0..<configuration.width)
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
      let (weights, rows) = Self.place(of: projection, configuration)
      merged[keyPath: weights].withMutableValues { values in
        delta.withValues { added in
          let start = rows.lowerBound * delta.columns
          for index in added.indices { values[start + index] += added[index] }
        }
      }
    }
    return merged
  }
}

import Foundation
import LanguageModels
import ModelFiles
import Tensors

/// The naive twin of the language model: one token at a time, one number at a time, in double.
struct ReferenceModel {
  let configuration: ModelConfiguration
  var weights: [String: [Double]]
  var adapter: [String: [Double]] = [:]
  var rank = 0
  var scaling = 0.0

  init(_ model: LanguageModel, adapter: LowRankAdapter? = nil) {
    configuration = model.configuration
    weights = Self.doubles(model.weights())
    if let adapter {
      self.adapter = Self.doubles(adapter.parameters)
      rank = adapter.configuration.rank
      scaling = adapter.configuration.alpha / Double(rank)
    }
  }

  private static func doubles(_ parameters: ParameterSet) -> [String: [Double]] {
    var result: [String: [Double]] = [:]
    for (name, matrix) in zip(parameters.names, parameters.matrices) {
      result[name] = matrix.values.map(Double.init)
    }
    return result
  }

  private var traits: DecoderTraits { configuration.traits }
  private var names: TensorNames { configuration.family.names }

  /// The residual stream of one sequence entering layer 0.
  func embed(_ tokens: [Int32]) -> [[Double]] {
    let table = weights[names.embedding + ".weight", default: []]
    let positions = weights[names.positions + ".weight"]
    let width = configuration.width
    return tokens.enumerated().map { position, token in
      (0..<width).map { column in
        let place = positions.map { $0[position * width + column] } ?? 0
        return table[Int(token) * width + column] * (traits.embeddingScale ?? 1) + place
      }
    }
  }

  /// The residual stream after some layers.
  func layers(_ range: Range<Int>, _ stream: [[Double]]) -> [[Double]] {
    var x = stream
    for layer in range { x = self.layer(layer, x) }
    return x
  }

  /// The final-normed hidden states.
  func finish(_ stream: [[Double]]) -> [[Double]] {
    stream.map { norm($0, names.finalNorm) }
  }

  /// The logits of a final-normed hidden state.
  func logits(_ hidden: [Double]) -> [Double] {
    let table =
      weights[names.head + ".weight"] ?? weights[names.embedding + ".weight", default: []]
    let width = configuration.width
    return (0..<configuration.vocabularySize).map { token in
      (0..<width).reduce(0) { $0 + table[token * width + $1] * hidden[$1] }
    }
  }

  private func norm(_ x: [Double], _ name: String) -> [Double] {
    let weight = weights[name + ".weight", default: []]
    let offset = Double(configuration.family.normOffset)
    let count = Double(x.count)
    let mean = traits.norm == .layer ? x.reduce(0, +) / count : 0
    let square = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let scale = 1 / (square + configuration.normEpsilon).squareRoot()
    let bias = weights[name + ".bias"]
    return x.indices.map { (x[$0] - mean) * scale * (weight[$0] + offset) + (bias?[$0] ?? 0) }
  }

  /// A norm of a layer, or nothing where the family has none.
  private func norm(_ x: [Double], _ layer: Int, _ module: LayerModule) -> [Double] {
    let name = names.layer(layer, LayerTensor(module))
    guard weights[name] != nil else { return x }
    return norm(x, String(name.dropLast(".weight".count)))
  }

  private func linear(_ x: [Double], _ matrix: [Double]) -> [Double] {
    (0..<matrix.count / x.count).map { row in
      x.indices.reduce(0) { $0 + matrix[row * x.count + $1] * x[$1] }
    }
  }

  private func project(_ layer: Int, _ projection: Projection, _ x: [Double]) -> [Double] {
    let name = "\(names.layers)\(layer).\(projection.moduleName(configuration))"
    let matrix = weights[name + ".weight", default: []]
    var y: [Double]
    if configuration.family.transposesMaps {
      let outputs = matrix.count / x.count
      y = (0..<outputs).map { output in
        x.indices.reduce(0) { $0 + matrix[$1 * outputs + output] * x[$1] }
      }
    } else {
      y = linear(x, matrix)
    }
    if let bias = weights[name + ".bias"] { y = y.indices.map { y[$0] + bias[$0] } }
    if let a = adapter[LowRankAdapter.name(layer, projection, "A", configuration)],
      let b = adapter[LowRankAdapter.name(layer, projection, "B", configuration)]
    {
      let extra = linear(linear(x, a), b)
      y = y.indices.map { y[$0] + scaling * extra[$0] }
    }
    return y
  }

  /// Queries, keys and values of one row.
  private func attentionInputs(
    _ layer: Int,
    _ x: [Double],
    _ position: Int
  ) -> (q: [Double], k: [Double], v: [Double]) {
    var (q, k, v): ([Double], [Double], [Double])
    if configuration.family.fusesQueryKeyValue {
      let joint = project(layer, .qkv, x)
      let (first, second) = (configuration.queryWidth, configuration.keyWidth)
      q = Array(joint[..<first])
      k = Array(joint[first..<first + second])
      v = Array(joint[(first + second)...])
    } else {
      (q, k, v) = (project(layer, .q, x), project(layer, .k, x), project(layer, .v, x))
    }
    q = heads(q) { norm($0, layer, .queryNorm) }
    k = heads(k) { norm($0, layer, .keyNorm) }
    return (rotate(q, layer, position), rotate(k, layer, position), v)
  }

  private func heads(_ x: [Double], _ change: ([Double]) -> [Double]) -> [Double] {
    let width = configuration.headWidth
    return stride(from: 0, to: x.count, by: width).flatMap { change(Array(x[$0..<$0 + width])) }
  }

  /// The angle that one pair of a head turns by at each position.
  private func frequency(_ layer: Int, _ pair: Int) -> Double {
    let share = 2 * Double(pair) / Double(configuration.headWidth)
    if let base = traits.localRotaryBase, traits.window(ofLayer: layer) != nil {
      return pow(base, -share)
    }
    let plain = pow(configuration.ropeTheta, -share)
    switch traits.rotaryScaling {
    case .linear(let factor): return plain / factor
    case .llama3(let factor, let low, let high, let context):
      // As `transformers` has it, by wavelengths.
      let wavelength = 2 * Double.pi / plain
      if wavelength > Double(context) / low { return plain / factor }
      if wavelength < Double(context) / high { return plain }
      let smooth = (Double(context) / wavelength - low) / (high - low)
      return (1 - smooth) * plain / factor + smooth * plain
    default: return plain
    }
  }

  private func rotate(_ x: [Double], _ layer: Int, _ position: Int) -> [Double] {
    guard !traits.learnsPositions else { return x }
    let half = configuration.headWidth / 2
    return heads(x) { head in
      var y = head
      for i in 0..<half {
        let angle = Double(position) * frequency(layer, i)
        y[i] = head[i] * cos(angle) - head[i + half] * sin(angle)
        y[i + half] = head[i + half] * cos(angle) + head[i] * sin(angle)
      }
      return y
    }
  }

  private func gelu(_ x: Double) -> Double {
    0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  private func feedForward(_ layer: Int, _ x: [Double]) -> [Double] {
    let up = project(layer, .up, x)
    var active = up.map(gelu)
    if traits.feedForward.isGated {
      let gate = project(layer, .gate, x)
      let isSilu = traits.feedForward == .gatedSilu
      active = up.indices.map {
        (isSilu ? gate[$0] / (1 + exp(-gate[$0])) : gelu(gate[$0])) * up[$0]
      }
    }
    return norm(project(layer, .down, active), layer, .feedForwardOutputNorm)
  }

  private func layer(_ layer: Int, _ x: [[Double]]) -> [[Double]] {
    let width = configuration.headWidth
    let group = configuration.headCount / configuration.keyValueHeadCount
    let scale = traits.attentionScale ?? 1 / Double(width).squareRoot()
    let rows = x.enumerated().map { position, row in
      attentionInputs(layer, norm(row, layer, .inputNorm), position)
    }
    return x.indices.map { t in
      let seen = max(0, t + 1 - (traits.window(ofLayer: layer) ?? t + 1))...t
      var attended: [Double] = []
      for head in 0..<configuration.headCount {
        let shared = head / group * width
        let scores = seen.map { s in
          (0..<width).reduce(0) { $0 + rows[t].q[head * width + $1] * rows[s].k[shared + $1] }
            * scale
        }
        let exponentials = scores.map { exp($0 - (scores.max() ?? 0)) }
        let sum = exponentials.reduce(0, +)
        for i in 0..<width {
          attended.append(
            zip(seen, exponentials).reduce(0) { $0 + $1.1 / sum * rows[$1.0].v[shared + i] }
          )
        }
      }
      let out = norm(project(layer, .o, attended), layer, .attentionOutputNorm)
      let middle = x[t].indices.map { x[t][$0] + out[$0] }
      let added = feedForward(layer, norm(middle, layer, .feedForwardNorm))
      return middle.indices.map { middle[$0] + added[$0] }
    }
  }
}

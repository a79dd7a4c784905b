import Foundation
import LanguageModels
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

  /// The residual stream of one sequence entering layer 0.
  func embed(_ tokens: [Int32]) -> [[Double]] {
    let table = weights["model.embed_tokens.weight", default: []]
    let width = configuration.width
    return tokens.map { Array(table[Int($0) * width..<(Int($0) + 1) * width]) }
  }

  /// The residual stream after some layers.
  func layers(_ range: Range<Int>, _ stream: [[Double]]) -> [[Double]] {
    var x = stream
    for layer in range { x = self.layer(layer, x) }
    return x
  }

  /// The final-normed hidden states.
  func finish(_ stream: [[Double]]) -> [[Double]] {
    stream.map { norm($0, "model.norm.weight") }
  }

  /// The logits of a final-normed hidden state.
  func logits(_ hidden: [Double]) -> [Double] {
    let table = weights["lm_head.weight"] ?? weights["model.embed_tokens.weight", default: []]
    let width = configuration.width
    return (0..<configuration.vocabularySize).map { token in
      (0..<width).reduce(0) { $0 + table[token * width + $1] * hidden[$1] }
    }
  }

  private func norm(_ x: [Double], _ name: String) -> [Double] {
    let weight = weights[name, default: []]
    let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    let scale = 1 / (mean + configuration.rmsNormEpsilon).squareRoot()
    return x.indices.map { x[$0] * scale * weight[$0] }
  }

  private func linear(_ x: [Double], _ matrix: [Double]) -> [Double] {
    (0..<matrix.count / x.count).map { row in
      x.indices.reduce(0) { $0 + matrix[row * x.count + $1] * x[$1] }
    }
  }

  private func project(_ layer: Int, _ projection: Projection, _ x: [Double]) -> [Double] {
    let name = "model.layers.\(layer).\(projection.moduleName)"
    var y = linear(x, weights[name + ".weight", default: []])
    if let bias = weights[name + ".bias"] { y = y.indices.map { y[$0] + bias[$0] } }
    if let a = adapter[LowRankAdapter.name(layer, projection, "A")],
      let b = adapter[LowRankAdapter.name(layer, projection, "B")]
    {
      let extra = linear(linear(x, a), b)
      y = y.indices.map { y[$0] + scaling * extra[$0] }
    }
    return y
  }

  private func rotate(_ x: [Double], _ position: Int) -> [Double] {
    let (width, half) = (configuration.headWidth, configuration.headWidth / 2)
    var y = x
    for start in stride(from: 0, to: x.count, by: width) {
      for i in 0..<half {
        let angle = Double(position) * pow(configuration.ropeTheta, -2 * Double(i) / Double(width))
        let (a, b) = (x[start + i], x[start + i + half])
        y[start + i] = a * cos(angle) - b * sin(angle)
        y[start + i + half] = b * cos(angle) + a * sin(angle)
      }
    }
    return y
  }

  private func layer(_ layer: Int, _ x: [[Double]]) -> [[Double]] {
    let prefix = "model.layers.\(layer)."
    let width = configuration.headWidth
    let group = configuration.headCount / configuration.keyValueHeadCount
    let normed = x.map { norm($0, prefix + "input_layernorm.weight") }
    let q = normed.indices.map { rotate(project(layer, .q, normed[$0]), $0) }
    let k = normed.indices.map { rotate(project(layer, .k, normed[$0]), $0) }
    let v = normed.indices.map { project(layer, .v, normed[$0]) }
    return x.indices.map { t in
      var attended: [Double] = []
      for head in 0..<configuration.headCount {
        let shared = head / group * width
        let scores = (0...t).map { s in
          (0..<width).reduce(0) { $0 + q[t][head * width + $1] * k[s][shared + $1] }
            / Double(width).squareRoot()
        }
        let exponentials = scores.map { exp($0 - (scores.max() ?? 0)) }
        let sum = exponentials.reduce(0, +)
        for i in 0..<width {
          attended.append((0...t).reduce(0) { $0 + exponentials[$1] / sum * v[$1][shared + i] })
        }
      }
      let out = project(layer, .o, attended)
      let middle = x[t].indices.map { x[t][$0] + out[$0] }
      let input = norm(middle, prefix + "post_attention_layernorm.weight")
      let gate = project(layer, .gate, input)
      let up = project(layer, .up, input)
      let active = gate.indices.map { gate[$0] / (1 + exp(-gate[$0])) * up[$0] }
      let down = project(layer, .down, active)
      return middle.indices.map { middle[$0] + down[$0] }
    }
  }
}

import LanguageModels
import ModelFiles
import Tensors
import Testing

/// Every gradient against central differences of the naive twin, in double.
@Suite struct BackwardTests {
  private static let batch = PackedBatch([[3, 17, 42, 8, 9], [7], [1, 2, 3, 4, 5, 6]])
  private static let step = 1e-5

  /// A loss that is linear in the hidden states of the wanted rows.
  private static func loss(
    _ twin: ReferenceModel,
    stream: [[Double]],
    from first: Int,
    rows: [Int],
    weights: [Float]
  ) -> Double {
    let width = twin.configuration.width
    var hidden: [[Double]] = []
    for sequence in 0..<batch.sequenceCount {
      let part = Array(stream[batch.range(of: sequence)])
      hidden += twin.finish(twin.layers(first..<twin.configuration.layerCount, part))
    }
    var sum = 0.0
    for (index, row) in rows.enumerated() {
      for column in 0..<width {
        sum += Double(weights[index * width + column]) * hidden[row][column]
      }
    }
    return sum
  }

  /// A pass and everything its gradients are compared with.
  private struct Setting {
    let model: LanguageModel
    let twin: ReferenceModel
    let stream: [[Double]]
    let rows: [Int]
    let weights: [Float]
    let gradients: TopGradients
    /// The gradients of the model's own weights under Hugging Face names.
    let weightGradients: ParameterSet

    init(_ configuration: ModelConfiguration, rows: [Int]?, adapted: Bool = true) {
      model = LanguageModel(configuration: configuration, seed: 21)
      let adapter = adapted ? sampleAdapter(model) : nil
      twin = ReferenceModel(model, adapter: adapter)
      let hidden = model.trunk(batch, layers: 1)
      stream = (0..<hidden.rows).map { hidden.row($0).map(Double.init) }
      let pass = model.top(hidden, batch, from: 1, adapter: adapter, rows: rows, record: true)
      self.rows = rows ?? Array(0..<batch.tokenCount)
      var generator = SeededGenerator(seed: 2)
      let gradient = Matrix.normal(
        rows: pass.hidden.rows,
        columns: pass.hidden.columns,
        deviation: 1,
        using: &generator
      )
      weights = gradient.values
      var sums = model.parameters.zeros()
      gradients = model.topBackward(
        pass,
        gradient: gradient,
        wantsInput: true,
        addingWeightsTo: &sums
      )
      weightGradients = model.checkpoint(of: sums, areGradients: true)
    }

    /// The loss with some change made to the twin or the stream.
    func loss(_ change: (inout ReferenceModel, inout [[Double]]) -> Void) -> Double {
      var (twin, stream) = (twin, stream)
      change(&twin, &stream)
      return BackwardTests.loss(twin, stream: stream, from: 1, rows: rows, weights: weights)
    }

    /// The central difference of the loss.
    func slope(_ change: (inout ReferenceModel, inout [[Double]], Double) -> Void) -> Double {
      (loss { change(&$0, &$1, step) } - loss { change(&$0, &$1, -step) }) / (2 * step)
    }
  }

  /// A few places spread over a matrix, its corners among them.
  private static func places(_ count: Int) -> [Int] {
    Array(Set([0, count / 3, count / 2, 2 * count / 3, count - 1])).sorted()
  }

  private static func compare(_ name: String, _ found: Float, _ slope: Double, _ scale: Double) {
    #expect(abs(Double(found) - slope) < 2e-4 * max(scale, 0.05), "\(name): \(found), \(slope)")
  }

  @Test(arguments: sampleConfigurations, [nil, [1, 4, 10], [4, 5, 11]])
  func `adapter gradients are central differences`(
    configuration: ModelConfiguration,
    rows: [Int]?
  ) {
    let setting = Setting(configuration, rows: rows)
    for (name, gradient) in zip(
      setting.gradients.adapter.names,
      setting.gradients.adapter.matrices
    ) {
      let scale = Double(gradient.values.map(abs).max() ?? 0)
      for place in Self.places(gradient.count) {
        let slope = setting.slope { twin, _, step in twin.adapter[name]?[place] += step }
        Self.compare(name, gradient.values[place], slope, scale)
      }
    }
  }

  @Test(arguments: sampleConfigurations, [nil, [1, 4, 10]])
  func `weight gradients are central differences`(
    configuration: ModelConfiguration,
    rows: [Int]?
  ) {
    let setting = Setting(configuration, rows: rows)
    for tensor in configuration.family.layerTensors(configuration.traits) {
      let name = configuration.family.names.layer(1, tensor)
      #expect(setting.weightGradients.names.contains(name))
    }
    for (name, gradient) in zip(
      setting.weightGradients.names,
      setting.weightGradients.matrices
    ) {
      let scale = Double(gradient.values.map(abs).max() ?? 0)
      for place in Self.places(gradient.count) {
        let slope = setting.slope { twin, _, step in twin.weights[name]?[place] += step }
        Self.compare(name, gradient.values[place], slope, scale)
      }
    }
  }

  @Test(arguments: sampleConfigurations, [nil, [1, 4, 10]])
  func `the input gradient is the central difference`(
    configuration: ModelConfiguration,
    rows: [Int]?
  ) throws {
    let setting = Setting(configuration, rows: rows)
    let gradient = try #require(setting.gradients.input)
    let scale = Double(gradient.values.map(abs).max() ?? 0)
    for row in 0..<gradient.rows {
      for column in [0, 11, 23] {
        let slope = setting.slope { _, stream, step in stream[row][column] += step }
        Self.compare("input \(row) \(column)", gradient[row, column], slope, scale)
      }
    }
  }

  @Test func `a model without an adapter has its input gradient too`() throws {
    let setting = Setting(.tiny, rows: [1, 4, 10], adapted: false)
    let gradient = try #require(setting.gradients.input)
    let slope = setting.slope { _, stream, step in stream[4][11] += step }
    Self.compare("input", gradient[4, 11], slope, Double(gradient.values.map(abs).max() ?? 0))
  }

  @Test func `gradients do not depend on what else is asked for`() {
    let model = LanguageModel(configuration: .tiny, seed: 21)
    let adapter = sampleAdapter(model, topLayers: 1, targets: [.q, .down])
    let hidden = model.trunk(Self.batch, layers: 1)
    let pass = model.top(hidden, Self.batch, from: 1, adapter: adapter, record: true)
    var generator = SeededGenerator(seed: 2)
    let gradient = Matrix.normal(rows: 12, columns: 24, deviation: 1, using: &generator)
    let lean = model.topBackward(pass, gradient: gradient).adapter
    var weights = model.parameters.zeros()
    let full = model.topBackward(
      pass,
      gradient: gradient,
      wantsInput: true,
      addingWeightsTo: &weights
    )
    #expect(lean.names == adapter.parameters.names)
    for (left, right) in zip(lean.matrices, full.adapter.matrices) {
      #expect(relativeDistance(left.values, right.values.map(Double.init)) < 1e-5)
    }
    #expect(lean == model.topBackward(pass, gradient: gradient).adapter)
    var again = model.parameters.zeros()
    _ = model.topBackward(pass, gradient: gradient, addingWeightsTo: &again)
    #expect(again == weights)
  }
}

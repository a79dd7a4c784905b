internal import LanguageModels
internal import Tensors

/// Training steps of a low-rank adapter on every map of every layer.
struct LowRankTraining {
  private let model: LanguageModel
  private let batch: PackedBatch
  private let targets: [Int32]
  private var adapter: LowRankAdapter
  private var optimiser: AdamW

  /// Starts with an adapter that changes nothing.
  init(_ model: LanguageModel, _ batch: PackedBatch, targets: [Int32], rank: Int) {
    self.model = model
    self.batch = batch
    self.targets = targets
    let wish = AdapterConfiguration(rank: rank, topLayers: nil)
    adapter = LowRankAdapter(wish, model: model.configuration, seed: 1)
    optimiser = AdamW(adapter.parameters)
  }

  /// Forward, backward and update on the mean log-probability of all targets.
  mutating func step() {
    let pass = model.top(
      model.trunk(batch, layers: 0),
      batch,
      from: 0,
      adapter: adapter,
      record: true
    )
    let slope = -1 / Float(targets.count)
    let output = model.logProbabilityGradient(pass.hidden, targets: targets) { rows, _, _ in
      LogProbabilityGradient(logProbabilities: rows.map { _ in slope })
    }
    let gradients = model.topBackward(pass, gradient: output.gradient)
    optimiser.update(&adapter.parameters, gradients: gradients.adapter, learningRate: 1e-4)
  }
}

/// Training steps of all weights.
struct FullTraining {
  private let batch: PackedBatch
  private let targets: [Int32]
  private var tuning: FullFineTuning

  /// Starts from a model's weights.
  init(_ model: LanguageModel, _ batch: PackedBatch, targets: [Int32]) {
    self.batch = batch
    self.targets = targets
    tuning = FullFineTuning(model, optimiser: AdamW.Configuration(weightDecay: 0.01))
  }

  /// Forward, backward and update on the mean log-probability of all targets.
  mutating func step() {
    let slope = -1 / Float(targets.count)
    tuning.clearGradients()
    tuning.accumulate(batch) { model, hidden, gradients in
      model.logProbabilityGradient(hidden, targets: targets, addingWeightsTo: &gradients) {
        rows,
        _,
        _ in LogProbabilityGradient(logProbabilities: rows.map { _ in slope })
      }.gradient
    }
    _ = tuning.update(learningRate: 1e-6, normMax: 1)
  }
}

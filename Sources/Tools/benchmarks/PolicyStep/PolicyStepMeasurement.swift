internal import Foundation
internal import LanguageModels
internal import PolicyOptimization
internal import Tensors

/// The measurement of `benchmarks ppo-step`.
struct PolicyStepMeasurement {
  private let model: LanguageModel
  private let rounds: Int
  private let settings: PPOConfiguration

  private static let promptTokens = 32

  /// Prepares steps with the trainer's defaults.
  init(_ model: LanguageModel, rounds: Int, epochCount: Int?) {
    self.model = model
    self.rounds = rounds
    var settings = PPOConfiguration()
    settings.epochCount = epochCount ?? settings.epochCount
    settings.stepCount = rounds + 1
    // Every epoch is run, as in the comparison.
    settings.approximateKLStop = nil
    self.settings = settings
  }

  /// Makes steps; the shortest after the first counts.
  func figures() async throws -> [ModelFigure] {
    var generator = SeededGenerator(seed: 7, stream: 5)
    let vocabulary = Int32(model.configuration.vocabularySize)
    let prompts = (0..<settings.promptCountPerStep).map { index in
      PolicyPrompt(
        text: "\(index)",
        tokens: (0..<Self.promptTokens).map { _ in
          Int32.random(in: 3..<vocabulary, using: &generator)
        }
      )
    }
    var trainer = try PPOTrainer(
      model: model,
      sampler: GeneratorSampler(model: model),
      prompts: prompts,
      configuration: settings,
      stopTokens: [],
      decode: { tokens in tokens.map(String.init).joined(separator: " ") }
    )
    let source = PolicyStepRewards(model, prompts)
    let start = ContinuousClock.now
    var best: (seconds: Double, parts: [Double]) = (.infinity, [])
    for round in 0...rounds {
      let report = try await trainer.step(source, now: { ContinuousClock.now - start })
      let metrics: [PPOMetric] = [.generationSeconds, .rewardSeconds, .updateSeconds]
      let parts = metrics.map { report.values[$0] ?? 0 }
      let seconds = parts.reduce(0, +)
      if round > 0, seconds < best.seconds { best = (seconds, parts) }
    }
    let names = ["ppo_rollout_s", "ppo_scores_s", "ppo_update_s"]
    let titles = ["rollout, s", "scores on 4 principles, s", "other passes and updates, s"]
    let whole = ModelFigure(name: "ppo_step_s", title: "PPO step, s", value: best.seconds)
    return [whole]
      + names.indices.map { index in
        ModelFigure(name: names[index], title: titles[index], value: best.parts[index])
      }
  }
}

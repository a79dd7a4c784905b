internal import ArgumentParser
internal import Foundation
internal import JSON
internal import LanguageModels
internal import PolicyOptimization
internal import Tensors

/// `benchmarks ppo-step`: one step of PPO with the trainer's defaults, from rollout to last update.
///
/// `Tests/Comparisons/ppo_step_transformers.py` does the same work with transformers and PEFT.
struct PolicyStepBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ppo-step",
    abstract: "Measures a whole step of PPO with a language model.",
    discussion: """
      The trainer's defaults: 12 prompts of 32 tokens, 2 answers of 48 tokens each, an adapter of rank 16 on the top 10
      layers, scores on 4 principles by adapters of the shape preference models are trained with, policy and reference
      passes, 2 epochs of 2 minibatches. No answer ends early. The best of the rounds counts, after one that warms up.
      """
  )

  @Option(help: "A GGUF file or a Hugging Face folder.")
  var model: String

  @Flag(help: "Keep the model's weights in bfloat16.")
  var bf16 = false

  @Flag(help: "Print a JSON object instead of a table.")
  var json = false

  @Option(help: "How many steps are measured.")
  var rounds = 3

  @Option(help: "Passes over the rollouts; the trainer's default when not given.")
  var epochs: Int?

  @Option(help: "Threads; all processors when not given.")
  var threads: Int?

  func validate() throws {
    guard rounds > 0, (threads ?? 1) > 0, (epochs ?? 1) > 0 else {
      throw ValidationError("every number must be above 0")
    }
  }

  func run() async throws {
    if let threads { Threads.configure(count: threads) }
    let format = WeightFormat(bf16 ? .bfloat16 : .float32)
    let figures = try await PolicyStepMeasurement(
      try LanguageModel.load(path: model, format: format),
      rounds: rounds,
      epochCount: epochs
    ).figures()
    if json {
      try Output.line(JSONValue.object(figures.map { JSONMember($0.name, $0.json) }).line)
    } else {
      for line in ModelFigure.table(figures) { try Output.line(line) }
    }
  }
}

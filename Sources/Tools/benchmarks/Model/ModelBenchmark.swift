internal import ArgumentParser
internal import JSON
internal import LanguageModels
internal import Tensors

/// `benchmarks model`: scoring, training and generation of one language model.
struct ModelBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Measures scoring, training and generation with a language model.",
    discussion: """
      Batches of 8 sequences of 128 tokens; low-rank adapters of rank 16 on all linear maps of all layers; generation
      of 64 tokens after prompts of 32, drawn at temperature 1. Each figure is the best of the rounds. The floor is
      what plain matrix products reach in the same run.
      """
  )

  @Option(help: "A GGUF file or a Hugging Face folder.")
  var model: String

  @Flag(help: "Print a JSON object instead of a table.")
  var json = false

  @Flag(help: "Print where the time of scoring and of training steps goes, instead of the figures.")
  var profile = false

  @Option(
    help: "What the weights are kept in: f32, bf16, or auto: what the processor is fastest in."
  )
  var precision = "auto"

  @Option(help: "How often each figure is taken; the best counts.")
  var rounds = 3

  @Option(help: "Threads; all processors when not given.")
  var threads: Int?

  func validate() throws {
    guard rounds > 0, (threads ?? 1) > 0 else {
      throw ValidationError("every number must be above 0")
    }
    guard precision == "auto" || Precision(rawValue: precision) != nil else {
      throw ValidationError("--precision is auto, f32 or bf16")
    }
  }

  func run() throws {
    if let threads { Threads.configure(count: threads) }
    let format = WeightFormat(Precision(rawValue: precision) ?? .fastest)
    let measurement = ModelMeasurement(
      try LanguageModel.load(path: model, format: format),
      rounds: rounds
    )
    if profile {
      for line in measurement.profiles().flatMap(\.lines) { try Output.line(line) }
      return
    }
    let figures = try measurement.figures()
    if json {
      try Output.line(JSONValue.object(figures.map { JSONMember($0.name, $0.json) }).line)
    } else {
      for line in ModelFigure.table(figures) { try Output.line(line) }
    }
  }
}

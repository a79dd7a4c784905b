internal import ArgumentParser
internal import JSON
internal import Operations
internal import RunReports

/// `morlaif logprobs`.
struct Logprobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Computes log-probabilities of given answers or tokens under a local model.",
    discussion: """
      Lines {"prompt","response"} (the prompt as one user turn in the model's chat template; over the response's own \
      tokens, no end token added) or {"ids":[…]} (over every token after the first) become \
      {"sum_logprob","tokens","logprobs"}, natural logarithms at temperature 1.

      Example:
        echo '{"prompt":"Hi","response":"Hello!"}' | morlaif logprobs --model model.gguf --input -
      """
  )

  @Option(
    name: .long,
    help: ArgumentHelp("GGUF file or Hugging Face folder.", valueName: "path")
  )
  var model: String

  @OptionGroup var records: RecordOptions

  func run() async throws {
    try await Diagnostics.report {
      let model = try LocalModel(path: self.model)
      let (reader, writer) = try records.open()
      // One sequence at a time: a reader at the other end of a pipe gets each answer at once.
      while let record = try reader.next() {
        let (tokens, start) = try model.sequence(of: record, in: reader)
        let values = try model.logProbabilities(tokens, from: start, in: reader)
        try writer.write([
          "sum_logprob": .number(values.reduce(0) { $0 + Double($1) }),
          "tokens": .integer(values.count),
          "logprobs": .array(values.map { .number(Double($0)) }),
        ])
      }
    }
  }
}

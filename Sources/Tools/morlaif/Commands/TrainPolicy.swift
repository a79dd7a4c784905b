internal import ArgumentParser
internal import JSON
internal import Messages
internal import Operations
internal import RPC
internal import RunReports
internal import ServiceStubs

/// `morlaif train-policy`.
struct TrainPolicy: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-policy",
    abstract: "Trains the policy on rewards of the preference models and the scalarizer.",
    discussion: """
      Prompts are lines {"prompt"}. Settings are those of the section 'policy' of a recipe; what is not set the service \
      chooses. The training belongs to the service: Ctrl-C leaves it running, and the same command attaches again. \
      Prints a JSON line for each step and event.

      Example:
        morlaif train-policy --run-id first --input prompts.jsonl --principle conciseness --principle relevance \\
          --set steps=40 --set kl_coefficient=0.05
      """
  )

  @Option(name: .long, help: "Name of the training; one that exists is gone on with.")
  var runID: String

  @Option(
    name: .long,
    parsing: .singleValue,
    help: "Principle to score by; may be repeated."
  )
  var principle: [String]

  @Option(name: .long, help: "Adapters of the preference models; the newest when left out.")
  var adapter = ""

  @Option(
    name: .long,
    parsing: .singleValue,
    help: ArgumentHelp("A setting, as in steps=40; may be repeated.", valueName: "name=value")
  )
  var set: [String] = []

  @OptionGroup var sampling: SamplingChoice
  @OptionGroup var records: RecordOptions
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await Diagnostics.report {
      let (reader, writer) = try records.open()
      let request = TrainPolicyRequest(
        runID: runID,
        prompts: try PromptFile.prompts(reader),
        principleIDs: principle,
        adapterID: adapter,
        hyperparameters: try SettingList(set).policy(),
        sampling: SamplingOptions(
          temperature: sampling.temperature,
          topK: UInt32(clamping: sampling.topK),
          topP: sampling.topP,
          tokensMax: UInt32(clamping: sampling.maxTokens),
          stop: sampling.stop
        ),
        seed: sampling.seed
      )
      let outcome = try await connection.withConnections { connections in
        try await connections.policyTrainer.train(request) { replies in
          var outcome: TrainPolicyFinished?
          for try await reply in replies {
            if let line = PolicyRecord.json(reply) { try writer.write(line) }
            if case .finished(let finished) = reply.kind { outcome = finished }
          }
          return outcome
        }
      }
      guard let outcome, outcome.outcome == "completed" || outcome.outcome == "kl_stop" else {
        throw OperationsError.failed(
          "the training ended as \"\(outcome?.outcome ?? "unknown")\": \(outcome?.detail ?? "")"
        )
      }
    }
  }
}

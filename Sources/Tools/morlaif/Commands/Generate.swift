internal import ArgumentParser
internal import JSON
internal import LanguageModels
internal import Messages
internal import Operations
internal import RPC
internal import RunReports
internal import ServiceStubs
internal import Tokenization

/// `morlaif generate`.
struct Generate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answers prompts with the base model or the tuned policy.",
    discussion: """
      Lines {"prompt"} (and optionally "id") become {"id","sample","prompt","text","tokens","finish_reason", \
      "sum_logprob"}, one line an answer. Through the policy-trainer, or in this process with --model.

      Examples:
        morlaif generate --input prompts.jsonl --variant tuned --samples 3
        echo '{"prompt":"Why is the sky blue?"}' | morlaif generate --model model.gguf --input -
      """
  )

  /// Which weights answer.
  enum Variant: String, ExpressibleByArgument, CaseIterable {
    case base
    case tuned
  }

  @Option(
    name: .long,
    help: ArgumentHelp(
      "GGUF file or Hugging Face folder: answer in this process, without services.",
      valueName: "path"
    )
  )
  var model: String?

  @Option(name: .long, help: "Which weights of the policy-trainer answer.")
  var variant = Variant.tuned

  @Option(
    name: .long,
    help: "With 'tuned': the run whose policy answers; the newest when left out."
  )
  var run = ""

  @Option(name: .long, help: "Answers to each prompt.")
  var samples = 1

  @OptionGroup var sampling: SamplingChoice
  @OptionGroup var records: RecordOptions
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard (1...1024).contains(samples) else {
      throw ValidationError("--samples must be 1 to 1024.")
    }
  }

  func run() async throws {
    try await Diagnostics.report {
      let (reader, writer) = try records.open()
      let prompts = try PromptFile.prompts(reader)
      let progress = TerminalProgress(isQuiet: records.output.path == "-")
      defer { progress.end() }
      if let model {
        try answerHere(prompts, model: try LocalModel(path: model), writer, progress)
      } else {
        try await connection.withConnections { connections in
          try await answer(prompts, through: connections, writer, progress)
        }
      }
    }
  }

  private func answer(
    _ prompts: [Prompt],
    through connections: ServiceConnections,
    _ writer: RecordWriter,
    _ progress: TerminalProgress
  ) async throws {
    let texts = Dictionary(uniqueKeysWithValues: prompts.map { ($0.id, $0.text) })
    let request = GenerateRequest(
      prompts: prompts,
      samplesPerPrompt: UInt32(clamping: samples),
      sampling: Messages.SamplingOptions(
        temperature: sampling.temperature,
        topK: UInt32(clamping: sampling.topK),
        topP: sampling.topP,
        tokensMax: UInt32(clamping: sampling.maxTokens),
        stop: sampling.stop
      ),
      seed: sampling.seed,
      variant: variant == .base ? .base : .tuned,
      runID: run
    )
    try await connections.policyTrainer.generate(request) { replies in
      for try await reply in replies {
        switch reply.kind {
        case .answer(let answer):
          try writer.write(
            Self.record(
              id: answer.promptID,
              prompt: texts[answer.promptID] ?? "",
              sample: Int(answer.sampleIndex),
              text: answer.text,
              tokens: Int(answer.tokens),
              finishReason: answer.finishReason,
              sumLogProbability: answer.sumLogProbability
            )
          )
        case .progress(let update):
          progress.update(
            ProgressUpdate(
              work: "answers",
              done: Double(update.answersDone),
              total: Double(update.answersTotal),
              detail: "\(Figure.fixed(update.tokensPerSecond, 0)) tokens/s"
            )
          )
        case nil: break
        }
      }
    }
  }

  private func answerHere(
    _ prompts: [Prompt],
    model: LocalModel,
    _ writer: RecordWriter,
    _ progress: TerminalProgress
  ) throws {
    let tokenizer = try model.tokenizer()
    let options = LanguageModels.SamplingOptions(
      temperature: sampling.temperature,
      topK: sampling.topK,
      topP: sampling.topP,
      maxNewTokens: sampling.maxTokens,
      stopTokenIDs: Set(tokenizer.eosTokenIDs)
    )
    let stops = sampling.stop.filter { !$0.isEmpty }
    let completions = try Generator(model.model).generate(
      prompts: try prompts.map { try model.promptTokens($0.text) },
      samplesPerPrompt: samples,
      options: options,
      seed: sampling.seed,
      isStopped: { tokens in
        !stops.isEmpty
          && stops.contains { tokenizer.decode(tokens, skipSpecial: true).contains($0) }
      },
      progress: { update in
        progress.update(
          ProgressUpdate(
            work: "answers",
            done: Double(update.finished),
            total: Double(update.total)
          )
        )
      }
    )
    for completion in completions {
      let prompt = prompts[completion.promptIndex]
      var text = tokenizer.decode(completion.tokens, skipSpecial: true)
      for stop in stops {
        if let range = text.firstRange(of: stop) { text = String(text[..<range.lowerBound]) }
      }
      let reason =
        switch completion.finishReason {
        case .stopToken: "end"
        case .stopText: "stop"
        case .length: "length"
        }
      try writer.write(
        Self.record(
          id: prompt.id,
          prompt: prompt.text,
          sample: completion.sampleIndex,
          text: text,
          tokens: completion.tokens.count,
          finishReason: reason,
          sumLogProbability: completion.logProbabilities.reduce(0) { $0 + Double($1) }
        )
      )
    }
  }

  private static func record(
    id: String,
    prompt: String,
    sample: Int,
    text: String,
    tokens: Int,
    finishReason: String,
    sumLogProbability: Double
  ) -> JSONValue {
    [
      "id": .string(id), "sample": .integer(sample), "prompt": .string(prompt),
      "text": .string(text), "tokens": .integer(tokens),
      "finish_reason": .string(finishReason), "sum_logprob": .number(sumLogProbability),
    ]
  }
}

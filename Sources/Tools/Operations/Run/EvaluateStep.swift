internal import JSON
internal import Messages
internal import RPC
internal import RunReports
internal import ServiceStubs
internal import Synchronization

/// Answers held-out prompts with the base model and the tuned policy and measures both.
struct EvaluateStep {
  let context: RunContext

  /// Items in one request: small enough to show progress and to stay far below message limits.
  private static let itemsMax = 32
  private static let callTime = Duration.seconds(900)

  func run() async throws -> [JSONMember] {
    let base = try await answers(.base, name: "base answers")
    let tuned = try await answers(.tuned, name: "tuned answers")
    let items = Self.items(base, side: "base", prompts) + Self.items(tuned, side: "tuned", prompts)
    let measures: [String: [Double]]
    do {
      measures = try await measure(items)
    } catch let error as RPCError where error.code == .failedPrecondition {
      // Only judges of measurable rules measure; the others compare.
      measures = try await compare(base, tuned, prompts: prompts)
    }
    let baseLogs = try await logProbabilities(items, .base, name: "base log-probabilities")
    let tunedLogs = try await logProbabilities(items, .tuned, name: "tuned log-probabilities")
    let ratios = try await logRatios(tuned)

    func answer(_ answer: GeneratedAnswer, side: String) throws -> SampleComparison.Answer {
      let id = Self.itemID(answer, side: side)
      guard let measured = measures[id], let baseLog = baseLogs[id], let tunedLog = tunedLogs[id]
      else { throw OperationsError.failed("the services returned nothing about the answer \(id)") }
      return SampleComparison.Answer(
        text: answer.text,
        tokens: Int(answer.tokens),
        finishReason: answer.finishReason,
        measures: measured,
        baseLogProbability: baseLog.sum,
        tunedLogProbability: tunedLog.sum,
        scoredTokens: Int(baseLog.tokens)
      )
    }
    let samples = try zip(base, tuned).map { before, after in
      SampleComparison(
        promptID: before.promptID,
        prompt: prompts[before.promptID] ?? "",
        sampleIndex: Int(before.sampleIndex),
        principleIDs: context.recipe.principleIDs,
        logRatio: ratios[Self.itemID(after, side: "tuned")] ?? 0,
        base: try answer(before, side: "base"),
        tuned: try answer(after, side: "tuned")
      )
    }
    try JSONLines.write(samples.map(\.json), path: context.folder.samples)
    return [
      JSONMember("prompts", .integer(context.prompts.heldOut.count)),
      JSONMember("answers_each", .integer(samples.count)),
    ]
  }

  /// Texts of the held-out prompts by their ids.
  private var prompts: [String: String] {
    Dictionary(uniqueKeysWithValues: context.prompts.heldOut.map { ($0.id, $0.text) })
  }

  /// The answers of one side, ordered by prompt and sample.
  private func answers(
    _ variant: PolicyVariant,
    name: String
  ) async throws -> [GeneratedAnswer] {
    let evaluation = context.recipe.evaluation
    let request = GenerateRequest(
      prompts: context.prompts.heldOut,
      samplesPerPrompt: UInt32(clamping: evaluation.samplesPerPrompt),
      sampling: evaluation.options.message,
      seed: UInt64(context.recipe.seed) &+ 1,
      variant: variant,
      runID: variant == .tuned ? context.runID : ""
    )
    let context = context
    let answers = try await context.retrying(name) { succeeded in
      try await context.connections.policyTrainer.generate(request) { replies in
        var answers: [GeneratedAnswer] = []
        for try await reply in replies {
          try succeeded()
          switch reply.kind {
          case .answer(let answer): answers.append(answer)
          case .progress(let progress):
            context.progress.update(
              ProgressUpdate(
                work: name,
                done: Double(progress.answersDone),
                total: Double(progress.answersTotal),
                detail: "\(Figure.fixed(progress.tokensPerSecond, 0)) tokens/s",
                secondsLeft: progress.secondsLeft > 0 ? progress.secondsLeft : nil
              )
            )
          case nil: break
          }
        }
        return answers
      }
    }
    let expected = context.prompts.heldOut.count * evaluation.samplesPerPrompt
    guard answers.count == expected else {
      throw OperationsError.failed("\(name): got \(answers.count) of \(expected)")
    }
    let positions = Dictionary(
      uniqueKeysWithValues: context.prompts.heldOut.enumerated().map { ($1.id, $0) }
    )
    return answers.sorted { left, right in
      let first = positions[left.promptID] ?? .max
      let second = positions[right.promptID] ?? .max
      return (first, left.sampleIndex) < (second, right.sampleIndex)
    }
  }

  static func itemID(_ answer: GeneratedAnswer, side: String) -> String {
    "\(side)/\(answer.promptID)/\(answer.sampleIndex)"
  }

  private static func items(
    _ answers: [GeneratedAnswer],
    side: String,
    _ prompts: [String: String]
  ) -> [TextItem] {
    answers.map { answer in
      TextItem(
        id: itemID(answer, side: side),
        prompt: prompts[answer.promptID] ?? "",
        response: answer.text
      )
    }
  }

  /// The judge's measures by item, in the order of the recipe.
  private func measure(_ items: [TextItem]) async throws -> [String: [Double]] {
    let principles = context.recipe.principleIDs
    var measures: [String: [Double]] = [:]
    for part in Self.parts(items) {
      let request = MeasureRequest(
        judgeID: context.recipe.judge,
        principleIDs: principles,
        items: part
      )
      let reply = try await call("measuring answers", done: measures.count, of: items.count) {
        try await context.connections.labeler.measure(
          request,
          options: RPCCallOptions(timeout: Self.callTime)
        )
      }
      guard let matrix = reply.measures, matrix.itemIDs == part.map(\.id),
        matrix.values.count == part.count * principles.count
      else { throw OperationsError.failed("the labeler's measures do not fit the request") }
      let columns = try principles.map { id in
        guard let column = matrix.principleIDs.firstIndex(of: id) else {
          throw OperationsError.failed("the labeler did not measure \(id)")
        }
        return column
      }
      for (row, item) in part.enumerated() {
        measures[item.id] = columns.map { Double(matrix.values[row * principles.count + $0]) }
      }
    }
    return measures
  }

  /// By item: log p(tuned) - log p(base) of tuned answers as they were sampled, at their temperature
  /// and with their end tokens, nats.
  private func logRatios(_ tuned: [GeneratedAnswer]) async throws -> [String: Double] {
    let items = Self.items(tuned, side: "tuned", prompts)
    let ended = tuned.filter { $0.finishReason == "end" }.map { Self.itemID($0, side: "tuned") }
    let temperature = context.recipe.evaluation.options.temperature
    func logs(_ variant: PolicyVariant) async throws -> [String: LogProbability] {
      try await logProbabilities(
        items,
        variant,
        name: "distance from the base model",
        ended: Set(ended),
        temperature: temperature
      )
    }
    let (before, after) = (try await logs(.base), try await logs(.tuned))
    return after.reduce(into: [:]) { ratios, entry in
      ratios[entry.key] = entry.value.sum - (before[entry.key]?.sum ?? entry.value.sum)
    }
  }

  private func logProbabilities(
    _ items: [TextItem],
    _ variant: PolicyVariant,
    name: String,
    ended: Set<String> = [],
    temperature: Double = 1
  ) async throws -> [String: LogProbability] {
    var results: [String: LogProbability] = [:]
    for part in Self.parts(items) {
      let request = LogProbabilitiesRequest(
        items: part,
        variant: variant,
        runID: variant == .tuned ? context.runID : "",
        temperature: temperature,
        endedItemIDs: part.map(\.id).filter(ended.contains)
      )
      let reply = try await call(name, done: results.count, of: items.count) {
        try await context.connections.policyTrainer.logProbabilities(
          request,
          options: RPCCallOptions(timeout: Self.callTime)
        )
      }
      for result in reply.results { results[result.itemID] = result }
    }
    return results
  }

  private func call<Reply: Sendable>(
    _ name: String,
    done: Int,
    of total: Int,
    _ body: () async throws -> Reply
  ) async throws -> Reply {
    context.progress.update(
      ProgressUpdate(work: name, done: Double(done), total: Double(total))
    )
    return try await context.retrying(name) { _ in try await body() }
  }

  private static func parts(_ items: [TextItem]) -> [[TextItem]] {
    stride(from: 0, to: items.count, by: itemsMax).map { start in
      Array(items[start..<min(items.count, start + itemsMax)])
    }
  }
}

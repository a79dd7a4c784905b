internal import Hashing
package import Logging

/// A judge behind an OpenAI-compatible chat completions endpoint.
///
/// Reads the log-probabilities of the verdict letters where the server gives them and the text where
/// it does not. An answer without a verdict is an error and makes no label; no default takes its
/// place (METHODS A(e), the missing-token default). ``ChatEndpoint`` sends the requests.
package struct HTTPJudge: PayingJudge {
  package let id: String
  package let version: String
  /// One, so that each verdict is stored as soon as it is paid for.
  package let batchSize = 1
  package let concurrencyMax: Int
  package var isPriced: Bool { configuration.price != nil }
  let configuration: HTTPJudgeConfiguration
  let ledger: SpendingLedger
  let endpoint: ChatEndpoint

  /// Creates a judge; nothing is sent yet.
  ///
  /// `jitter` gives the random part of waits, in [0, 1); it and the clock are for tests to replace.
  package init(
    configuration: HTTPJudgeConfiguration,
    ledger: SpendingLedger,
    logger: Logger,
    clock: any Clock<Duration> = ContinuousClock(),
    jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
  ) throws(LabelingError) {
    try configuration.validate()
    self.configuration = configuration
    self.ledger = ledger
    id = Self.id(ofModel: configuration.model)
    version = String(
      SHA256.hexDigest(ofParts: [
        configuration.baseURL, configuration.model, configuration.prompt.version,
        "\(configuration.maxTokens)", "\(configuration.topLogProbabilityCount)",
        "\(configuration.parsedConfidence)",
      ]).prefix(16)
    )
    concurrencyMax = configuration.concurrencyMax
    endpoint = try ChatEndpoint(
      judgeID: id,
      configuration: configuration,
      ledger: ledger,
      logger: logger,
      clock: clock,
      jitter: jitter
    )
  }

  /// What was spent on it, what is under way included.
  package var spending: Spending { ledger.spending(.judge(id)) }

  /// The id of the judge that asks a model.
  package static func id(ofModel model: String) -> String { "http:" + model }

  /// Asks the endpoint; one verdict or error for each question, in their order.
  package func judge(
    _ questions: [JudgeQuestion],
    chargedTo account: RunAccount
  ) async -> [Result<Verdict, LabelingError>] {
    await withTaskGroup(of: (Int, Result<Verdict, LabelingError>).self) { group in
      for (index, question) in questions.enumerated() {
        group.addTask { (index, await answer(question, account)) }
      }
      var results = questions.map { _ in Result<Verdict, LabelingError>.failure(.cancelled) }
      for await (index, result) in group { results[index] = result }
      return results
    }
  }

  private func answer(
    _ question: JudgeQuestion,
    _ account: RunAccount
  ) async -> Result<Verdict, LabelingError> {
    do throws(LabelingError) {
      let completion = try await endpoint.completion(
        try request(question),
        principleID: question.principleID,
        account: account
      )
      return .success(try verdict(completion))
    } catch {
      return .failure(error)
    }
  }

  func request(_ question: JudgeQuestion) throws(LabelingError) -> ChatRequest {
    try ChatRequest(configuration.prompt.messages(question), configuration)
  }

  private func verdict(_ completion: ChatCompletion) throws(LabelingError) -> Verdict {
    let reader = VerdictReader(
      parsedConfidence: configuration.parsedConfidence,
      isReasoned: configuration.prompt.reasons
    )
    if let verdict = reader.read(completion) { return verdict }
    let text = configuration.excerpt(Array(completion.text.utf8))
    throw .noVerdict(judge: id, reason: "neither A nor B is in its answer: \(text)")
  }
}

internal import Foundation
internal import Hashing
package import Logging
internal import Synchronization

/// A judge behind an OpenAI-compatible chat completions endpoint.
///
/// Reads the log-probabilities of the verdict letters where the server gives them and the text where
/// it does not. An answer without a verdict is an error and makes no label; no default takes its
/// place (METHODS A(e), the missing-token default). Transient failures are tried again with growing
/// waits; keys are never logged.
package final class HTTPJudge: Judge {
  package let id: String
  package let version: String
  /// One, so that each verdict is stored as soon as it is paid for.
  package let batchSize = 1
  package let concurrencyMax: Int
  private let configuration: HTTPJudgeConfiguration
  private let client: CurlClient
  private let permits: AsyncPermits
  private let clock: any Clock<Duration>
  private let jitter: @Sendable () -> Double
  private let logger: Logger

  /// Creates a judge; nothing is sent yet.
  ///
  /// `jitter` gives the random part of waits, in [0, 1); it and the clock are for tests to replace.
  package init(
    configuration: HTTPJudgeConfiguration,
    logger: Logger,
    clock: any Clock<Duration> = ContinuousClock(),
    jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
  ) throws(LabelingError) {
    try configuration.validate()
    self.configuration = configuration
    self.logger = logger
    self.clock = clock
    self.jitter = jitter
    id = "http:" + configuration.model
    version = String(
      SHA256.hexDigest(ofParts: [
        configuration.baseURL, configuration.model, JudgePrompt.version,
        "\(configuration.maxTokens)", "\(configuration.topLogProbabilityCount)",
        "\(configuration.parsedConfidence)",
      ]).prefix(16)
    )
    concurrencyMax = configuration.concurrencyMax
    permits = AsyncPermits(count: configuration.concurrencyMax)
    do {
      client = try CurlClient(connectionCountMax: configuration.concurrencyMax)
    } catch {
      throw .judgeUnavailable(judge: id, reason: "\(error)", isRetryable: false)
    }
  }

  /// Asks the endpoint; one verdict or error for each question, in their order.
  package func judge(_ questions: [JudgeQuestion]) async -> [Result<Verdict, LabelingError>] {
    await withTaskGroup(of: (Int, Result<Verdict, LabelingError>).self) { group in
      for (index, question) in questions.enumerated() {
        group.addTask { (index, await self.answer(question)) }
      }
      var results = questions.map { _ in Result<Verdict, LabelingError>.failure(.cancelled) }
      for await (index, result) in group { results[index] = result }
      return results
    }
  }

  private func answer(_ question: JudgeQuestion) async -> Result<Verdict, LabelingError> {
    do throws(LabelingError) {
      let body = try await exchange(try request(question))
      return .success(try verdict(body))
    } catch {
      return .failure(error)
    }
  }

  /// Sends a request until it succeeds, cannot succeed, or has failed too often.
  private func exchange(_ request: HTTPRequest) async throws(LabelingError) -> [UInt8] {
    var attempt = 1
    while true {
      try await permits.acquire()
      let outcome = await client.perform(request)
      permits.release()
      let failure: (reason: String, retryAfter: String?)
      switch outcome {
      case .success(let response) where response.status == 200: return response.body
      case .success(let response):
        let reason = "HTTP status \(response.status): \(excerpt(response.body))"
        guard RetryPolicy.isTransient(status: response.status) else {
          throw .judgeUnavailable(judge: id, reason: reason, isRetryable: false)
        }
        failure = (reason, response.retryAfter)
      case .failure(.cancelled): throw .cancelled
      case .failure(.transport(let reason)): failure = ("the connection failed: \(reason)", nil)
      case .failure(.timedOut):
        failure = ("no answer within \(configuration.timeout)", nil)
      case .failure(.tooLarge(let byteCountMax)):
        throw .judgeUnavailable(
          judge: id,
          reason: "the response has more than \(byteCountMax) bytes",
          isRetryable: false
        )
      case .failure(.unusable(let reason)):
        throw .judgeUnavailable(judge: id, reason: reason, isRetryable: false)
      }
      try await wait(afterAttempt: attempt, failure.reason, retryAfter: failure.retryAfter)
      attempt += 1
    }
  }

  /// Waits before the next attempt, or gives up.
  private func wait(
    afterAttempt attempt: Int,
    _ reason: String,
    retryAfter: String?
  ) async throws(LabelingError) {
    guard attempt < configuration.retry.attemptCountMax else {
      throw .judgeUnavailable(
        judge: id,
        reason: "\(reason) (attempt \(attempt), the last)",
        isRetryable: true
      )
    }
    let delay = configuration.retry.delay(
      afterAttempt: attempt,
      retryAfter: retryAfter,
      now: Date(),
      jitter: jitter()
    )
    guard let delay else {
      throw .judgeUnavailable(
        judge: id,
        reason: "\(reason); it asks to wait \(retryAfter ?? "")",
        isRetryable: true
      )
    }
    logger.debug(
      "Asking the judge again",
      metadata: ["judge.id": "\(id)", "judge.attempt": "\(attempt)", "judge.delay": "\(delay)"]
    )
    do {
      try await clock.sleep(for: delay)
    } catch {
      throw .cancelled
    }
  }

  private func request(_ question: JudgeQuestion) throws(LabelingError) -> HTTPRequest {
    var base = configuration.baseURL
    while base.hasSuffix("/") { base.removeLast() }
    let count = configuration.topLogProbabilityCount
    let limit = configuration.tokenLimitField
    let body = RequestBody(
      model: configuration.model,
      messages: JudgePrompt.messages(question),
      max_tokens: limit == .maxTokens ? configuration.maxTokens : nil,
      max_completion_tokens: limit == .maxCompletionTokens ? configuration.maxTokens : nil,
      temperature: 0,
      logprobs: count > 0 ? true : nil,
      top_logprobs: count > 0 ? count : nil
    )
    var headers = ["Content-Type: application/json", "Accept: application/json", "Expect:"]
    if let key = configuration.apiKey { headers.append("Authorization: Bearer \(key.secret)") }
    do {
      return HTTPRequest(
        url: base + "/chat/completions",
        headers: headers,
        body: Array(try JSONEncoder().encode(body)),
        timeout: configuration.timeout,
        connectTimeout: configuration.connectTimeout,
        responseByteCountMax: configuration.responseByteCountMax
      )
    } catch {
      throw .judgeUnavailable(
        judge: id,
        reason: "the request cannot be written: \(error)",
        isRetryable: false
      )
    }
  }

  private func verdict(_ body: [UInt8]) throws(LabelingError) -> Verdict {
    guard let completion = ChatCompletion(body) else {
      throw .noVerdict(judge: id, reason: "no chat completion came back: \(excerpt(body))")
    }
    guard
      let verdict = VerdictReader(parsedConfidence: configuration.parsedConfidence).read(completion)
    else {
      throw .noVerdict(
        judge: id,
        reason: "neither A nor B is in its answer: \(excerpt(Array(completion.text.utf8)))"
      )
    }
    return verdict
  }

  /// The beginning of a text from the server for an error, one line, without our key.
  private func excerpt(_ bytes: [UInt8]) -> String {
    var text = String(decoding: bytes.prefix(4096), as: UTF8.self)
    if let key = configuration.apiKey {
      text = text.replacingOccurrences(of: key.secret, with: "[hidden]")
    }
    let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.isEmpty ? "(empty)" : String(line.prefix(200))
  }
}

/// The request as OpenAI's format spells it.
private struct RequestBody: Encodable {
  var model: String
  var messages: [JudgeMessage]
  var max_tokens: Int?
  var max_completion_tokens: Int?
  var temperature: Double
  var logprobs: Bool?
  var top_logprobs: Int?
}

internal import Foundation
internal import Logging

/// Sends chat requests: no identical one twice, none past a budget or a limit, again after failures
/// that may pass.
final class ChatEndpoint: Sendable {
  typealias Answer = Result<ChatCompletion, LabelingError>

  /// Name of the judge in errors and books.
  let judgeID: String
  let configuration: HTTPJudgeConfiguration
  let ledger: SpendingLedger
  let client: CurlClient
  private let permits: AsyncPermits
  private let limiter: RateLimiter
  private let clock: any Clock<Duration>
  private let jitter: @Sendable () -> Double
  private let logger: Logger
  private let underWay = SharedWork<RequestKey, Answer>()

  init(
    judgeID: String,
    configuration: HTTPJudgeConfiguration,
    ledger: SpendingLedger,
    logger: Logger,
    clock: any Clock<Duration>,
    jitter: @escaping @Sendable () -> Double
  ) throws(LabelingError) {
    self.judgeID = judgeID
    self.configuration = configuration
    self.ledger = ledger
    self.logger = logger
    self.clock = clock
    self.jitter = jitter
    permits = AsyncPermits(count: configuration.concurrencyMax)
    limiter = RateLimiter(
      requestsPerMinute: configuration.requestsPerMinute,
      tokensPerMinute: configuration.tokensPerMinute,
      clock: clock
    )
    do {
      client = try CurlClient(connectionCountMax: configuration.concurrencyMax)
    } catch {
      throw .judgeUnavailable(judge: judgeID, reason: "\(error)", isRetryable: false)
    }
  }

  /// The answer to a request: the remembered one, or a new one that is durable when this returns.
  func completion(
    _ request: ChatRequest,
    principleID: String,
    account: RunAccount
  ) async throws(LabelingError) -> ChatCompletion {
    let charge = Charge(
      key: request.key,
      runID: account.runID,
      judgeID: judgeID,
      principleID: principleID,
      bound: request.bound,
      worstCost: configuration.knownPrice.worst(request.bound)
    )
    let budgets = [configuration.budget, account.budget].compactMap(\.self)
    let answer = await underWay.value(for: request.key) { [self] in
      do throws(LabelingError) {
        if let known = try await ledger.store.answer(to: request.key) { return .success(known) }
        try await refuseBatched(request)
        try await refuseLost(request)
        return .success(try await exchange(request, charge, budgets))
      } catch {
        return .failure(error)
      }
    }
    guard let answer else { throw .cancelled }
    return try answer.get()
  }

  /// Refuses a request that a batch asks already.
  private func refuseBatched(_ request: ChatRequest) async throws(LabelingError) {
    guard let batch = try await ledger.store.openBatch(asking: request.key) else { return }
    throw .judgeUnavailable(
      judge: judgeID,
      reason: "batch \(batch) asks it and is not finished",
      isRetryable: true
    )
  }

  /// Refuses a request whose answer was lost, where it must not be paid for twice.
  private func refuseLost(_ request: ChatRequest) async throws(LabelingError) {
    guard configuration.lostAnswers == .fail else { return }
    if try await ledger.store.hasLostAnswer(to: request.key) {
      throw .judgeUnavailable(
        judge: judgeID,
        reason:
          "the answer to this request was lost and may have been paid for; lost_answers: ask_again "
          + "sends such requests once more",
        isRetryable: false
      )
    }
  }

  /// Sends a request until it succeeds, cannot succeed, or has failed too often.
  private func exchange(
    _ request: ChatRequest,
    _ charge: Charge,
    _ budgets: [Budget]
  ) async throws(LabelingError) -> ChatCompletion {
    var attempt = 1
    while true {
      switch try await attemptOnce(request, charge, budgets) {
      case .answered(let completion): return completion
      case .failed(let error): throw error
      case .mayPass(let reason, let retryAfter):
        try await wait(afterAttempt: attempt, reason, retryAfter: retryAfter)
      }
      attempt += 1
    }
  }

  /// Sends a request once, when budgets and limits allow it.
  private func attemptOnce(
    _ request: ChatRequest,
    _ charge: Charge,
    _ budgets: [Budget]
  ) async throws(LabelingError) -> AttemptOutcome.Result {
    let reservation = try await ledger.reserve(charge, within: budgets)
    let tokenCount = charge.bound.expected().totalCount
    do throws(LabelingError) {
      try await limiter.acquire(tokenCount: tokenCount)
      try await permits.acquire()
    } catch {
      ledger.cancel(reservation)
      throw error
    }
    // From here on nobody's leaving stops it: a request that was sent may have to be paid for, so its
    // answer is waited for and kept.
    let result = await Task { () -> Result<AttemptOutcome.Result, LabelingError> in
      defer { permits.release() }
      do throws(LabelingError) {
        return .success(try await send(request, reservation, charge, tokenCount))
      } catch {
        return .failure(error)
      }
    }.value
    return try result.get()
  }

  private func send(
    _ request: ChatRequest,
    _ reservation: SpendingLedger.Reservation,
    _ charge: Charge,
    _ tokenCount: Int
  ) async throws(LabelingError) -> AttemptOutcome.Result {
    let id = try await ledger.open(reservation)
    let stopwatch = Stopwatch(clock)
    let outcome = await client.perform(configuration.httpRequest(request))
    if case .success(let response) = outcome { heed(response, tokenCount) }
    let attempt = AttemptOutcome(outcome, judgeID: judgeID, configuration)
    var settlement = attempt.settlement
    if case .answered(let usage, _, _, let completion) = settlement {
      limiter.correct(
        estimatedTokenCount: tokenCount,
        usedTokenCount: usage?.totalCount ?? tokenCount
      )
      settlement = .answered(
        usage,
        cost: usage.map { configuration.knownPrice.cost(of: $0) } ?? charge.worstCost,
        seconds: stopwatch.elapsed.inSeconds,
        completion
      )
    }
    try await ledger.settle(reservation, id, settlement)
    return attempt.result
  }

  /// Waits before the next attempt, or gives up.
  private func wait(
    afterAttempt attempt: Int,
    _ reason: String,
    retryAfter: String?
  ) async throws(LabelingError) {
    guard attempt < configuration.retry.attemptCountMax else {
      throw .judgeUnavailable(
        judge: judgeID,
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
        judge: judgeID,
        reason: "\(reason); it asks to wait \(retryAfter ?? "")",
        isRetryable: true
      )
    }
    logger.debug(
      "Asking the judge again",
      metadata: [
        "judge.id": "\(judgeID)", "judge.attempt": "\(attempt)", "judge.delay": "\(delay)",
      ]
    )
    do {
      try await clock.sleep(for: delay)
    } catch {
      throw .cancelled
    }
  }

  /// Slows everybody down when the endpoint says so.
  private func heed(_ response: HTTPResponse, _ tokenCount: Int) {
    let now = Date()
    if let retryAfter = response.headers["retry-after"],
      let asked = RetryPolicy.duration(ofRetryAfter: retryAfter, now: now),
      asked <= configuration.retry.delayMax
    {
      limiter.pause(asked)
    }
    let limits = RateLimits(headers: response.headers, now: now)
    if let pause = limits.pause(tokenCount: tokenCount) {
      limiter.pause(min(pause, configuration.retry.delayMax))
    }
  }
}

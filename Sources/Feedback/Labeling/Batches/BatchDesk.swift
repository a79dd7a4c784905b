internal import Foundation
package import Logging

/// What became of handing pairs over as batches.
package struct BatchSubmission: Sendable, Equatable {
  /// Requests in new batches.
  package var requestCount = 0
  /// Requests that unfinished batches ask already.
  package var pendingCount = 0
  /// Questions that are answered already.
  package var knownCount = 0

  /// Nothing handed over.
  package init() {}
}

/// Has questions answered by an endpoint's batch API, at its lower price.
///
/// A batch is written down and charged before anything is sent, so that a process that dies goes on
/// with it; whether the endpoint has a batch that was about to be sent is found out by its token.
/// Answers go where those of single requests go, so labelling afterwards finds and pays nothing.
package struct BatchDesk: Sendable {
  private let judge: HTTPJudge
  private let api: BatchAPI
  private let logger: Logger
  private var store: LabelStore { judge.ledger.store }

  /// Creates the desk of a judge.
  package init(_ judge: HTTPJudge, logger: Logger) {
    self.judge = judge
    self.logger = logger
    api = BatchAPI(
      judgeID: judge.id,
      configuration: judge.configuration,
      client: judge.endpoint.client
    )
  }

  /// Writes down batches of everything that pairs need and nobody asked yet; ``advance()`` sends them.
  ///
  /// - Throws: `LabelingError.budgetExhausted` when a budget does not allow the next batch at its
  ///   worst; batches before it stand.
  package func submit<Pairs: AsyncSequence & Sendable>(
    _ pairs: Pairs,
    as plan: LabelingPlan
  ) async throws -> BatchSubmission where Pairs.Element == PreferencePair {
    try plan.check()
    var submission = BatchSubmission()
    var seen: Set<RequestKey> = []
    var waiting: [(charge: Charge, body: String)] = []
    for try await pair in pairs {
      try pair.validate()
      for job in plan.jobs(for: pair) {
        for order in PresentationOrder.allCases {
          let question = JudgeQuestion(job.pair, principle: job.principle, order: order)
          let request = try judge.request(question)
          guard seen.insert(request.key).inserted else { continue }
          if try await isKnown(question, request) {
            submission.knownCount += 1
          } else if try await store.openBatch(asking: request.key) != nil {
            submission.pendingCount += 1
          } else {
            waiting.append((charge(request, question.principleID, plan.account), request.body))
          }
        }
      }
      while waiting.count >= judge.configuration.batchRequestCountMax {
        let batch = Array(waiting.prefix(judge.configuration.batchRequestCountMax))
        waiting.removeFirst(batch.count)
        try await prepare(batch, plan.account, attempt: 1)
        submission.requestCount += batch.count
      }
    }
    if !waiting.isEmpty {
      try await prepare(waiting, plan.account, attempt: 1)
      submission.requestCount += waiting.count
    }
    return submission
  }

  /// Takes every unfinished batch of the judge one step on: sends it, looks how far it is, or takes its
  /// answers over.
  ///
  /// - Returns: whether a batch is unfinished still.
  package func advance() async throws(LabelingError) -> Bool {
    for batch in try await store.batches(judgeID: judge.id) where !batch.isFinished {
      do throws(LabelingError) {
        try await advance(batch)
      } catch .judgeUnavailable(_, let reason, true) {
        // It passes; the next look will tell.
        logger.warning(
          "a batch could not be looked after",
          metadata: ["batch.id": "\(batch.id)", "reason": "\(reason)"]
        )
      } catch .judgeUnavailable(_, let reason, false) {
        try await fail(batch, reason)
      }
    }
    return try await store.batches(judgeID: judge.id).contains { !$0.isFinished }
  }

  private func advance(_ batch: BatchSummary) async throws(LabelingError) {
    guard let remoteID = batch.remoteID else { return try await send(batch) }
    let remote = try await api.batch(remoteID)
    guard remote.isFinal else { return }
    if remote.status == "failed" {
      let messages = remote.errors?.data?.compactMap(\.message) ?? []
      return try await fail(batch, messages.joined(separator: "; "))
    }
    try await collect(batch, remote)
  }

  private func send(_ batch: BatchSummary) async throws(LabelingError) {
    if batch.state == .sending, let remote = try await api.find(token: batch.token) {
      return try await store.update(batch: batch.id, .submitted, remoteID: remote.id)
    }
    let items = try await store.openItems(batch: batch.id)
    let fileID = try await api.upload(BatchFile.input(items), boundary: "morlaif-\(batch.token)")
    try await store.update(batch: batch.id, .sending)
    let remote = try await api.create(fileID: fileID, token: batch.token)
    try await store.update(batch: batch.id, .submitted, remoteID: remote.id)
  }

  /// Takes answers over, and hands what failed for a passing reason over again.
  private func collect(_ batch: BatchSummary, _ remote: BatchAPI.Remote) async throws(LabelingError)
  {
    var lines: [String: BatchFile.Line] = [:]
    for fileID in [remote.output_file_id, remote.error_file_id].compactMap(\.self) {
      for line in BatchFile.lines(try await api.content(fileID)) { lines[line.key] = line }
    }
    var again: [(charge: Charge, body: String)] = []
    var firstError = ""
    for item in try await store.openItems(batch: batch.id) {
      let line = lines[item.key.text]
      if let completion = line?.completion {
        try await settle(item, batch, answered: completion)
        continue
      }
      try await settle(item, batch, answered: nil)
      let reason = line.map(Self.reason) ?? "the endpoint did not get to it (\(remote.status))"
      if firstError.isEmpty { firstError = reason }
      let mayPass =
        line.map { $0.status == 0 || RetryPolicy.isTransient(status: $0.status) } ?? true
      if mayPass, batch.attempt < judge.configuration.retry.attemptCountMax {
        again.append((charge(item, batch.runID), item.body))
      }
    }
    if !again.isEmpty {
      try await prepare(again, RunAccount(runID: batch.runID), attempt: batch.attempt + 1)
    }
    try await store.update(batch: batch.id, .collected, note: firstError)
  }

  private static func reason(_ line: BatchFile.Line) -> String {
    line.error.isEmpty ? "HTTP status \(line.status)" : line.error
  }

  private func fail(_ batch: BatchSummary, _ reason: String) async throws(LabelingError) {
    for item in try await store.openItems(batch: batch.id) {
      try await settle(item, batch, answered: nil)
    }
    try await store.update(batch: batch.id, .failed, note: reason.isEmpty ? "it failed" : reason)
    logger.error(
      "a batch failed",
      metadata: ["batch.id": "\(batch.id)", "reason": "\(reason)"]
    )
  }

  /// Closes a request's books: at its price when it was answered, at nothing when it was not.
  private func settle(
    _ item: BatchItem,
    _ batch: BatchSummary,
    answered completion: ChatCompletion?
  ) async throws(LabelingError) {
    let price = judge.configuration.knownPrice
    let cost =
      completion.map { $0.usage.map { price.cost(of: $0, isBatch: true) } ?? item.booked } ?? .zero
    let settlement: Settlement =
      completion.map { .answered($0.usage, cost: cost, seconds: 0, $0) } ?? .refused
    try await store.settle(item.requestID, key: item.key, settlement)
    judge.ledger.correct(
      judgeID: batch.judgeID,
      runID: batch.runID,
      booked: item.booked,
      cost: cost
    )
  }

  private func prepare(
    _ requests: [(charge: Charge, body: String)],
    _ account: RunAccount,
    attempt: Int
  ) async throws(LabelingError) {
    let charges = requests.map(\.charge)
    let budgets = [judge.configuration.budget, account.budget].compactMap(\.self)
    try judge.ledger.book(charges, within: budgets)
    do throws(LabelingError) {
      _ = try await store.prepareBatch(
        judgeID: judge.id,
        runID: account.runID,
        attempt: attempt,
        requests
      )
    } catch {
      judge.ledger.unbook(charges)
      throw error
    }
  }

  private func isKnown(
    _ question: JudgeQuestion,
    _ request: ChatRequest
  ) async throws(LabelingError) -> Bool {
    let key = VerdictKey(question, judge: judge)
    if try await !store.verdicts(for: [key]).isEmpty { return true }
    return try await store.answer(to: request.key) != nil
  }

  private func charge(
    _ request: ChatRequest,
    _ principleID: String,
    _ account: RunAccount
  ) -> Charge {
    Charge(
      key: request.key,
      runID: account.runID,
      judgeID: judge.id,
      principleID: principleID,
      bound: request.bound,
      worstCost: judge.configuration.knownPrice.worst(request.bound, isBatch: true)
    )
  }

  /// The charge of a request that goes out again: what it was booked at before.
  private func charge(_ item: BatchItem, _ runID: String) -> Charge {
    var bound = TokenBound([], completionCountMax: judge.configuration.maxTokens)
    bound.promptByteCount = item.promptByteCount
    return Charge(
      key: item.key,
      runID: runID,
      judgeID: judge.id,
      principleID: item.principleID,
      bound: bound,
      worstCost: item.booked
    )
  }
}

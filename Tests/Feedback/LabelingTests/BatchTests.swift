import Foundation
import Labeling
import Logging
import ScriptedEndpoint
import Testing

/// The batch API against a server that implements its endpoints.
@Suite struct BatchTests {
  let server: ScriptedServer
  let folder = TemporaryFolder()
  let pairs = (0..<6).map { pair($0) }

  init() throws { server = try ScriptedServer() }

  /// A labeler's part from its start to its end.
  func withJudge<Result>(
    _ steps: String,
    costMax: Money? = nil,
    attemptCountMax: Int = 3,
    _ body: (HTTPJudge, BatchDesk, LabelStore) async throws -> Result
  ) async throws -> Result {
    let store = try LabelStore(path: folder.file("labels.sqlite"))
    var configuration = HTTPJudgeConfiguration(baseURL: server.baseURL("t", steps), model: "m")
    configuration.price = ModelPrice(
      inputPerMillion: 1,
      outputPerMillion: 1,
      batchFraction: 0.5
    )
    configuration.batchRequestCountMax = 8
    configuration.retry.attemptCountMax = attemptCountMax
    configuration.budget = Budget(.judge("http:m"), costMax: costMax)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let judge = try HTTPJudge(
      configuration: configuration,
      ledger: try SpendingLedger(store: store),
      logger: logger
    )
    let result = try await body(judge, BatchDesk(judge, logger: logger), store)
    try store.close()
    return result
  }

  func plan(_ judge: HTTPJudge) -> LabelingPlan {
    LabelingPlan(dataset: "d", principles: [conciseness], panel: Panel(judge))
  }

  func submit(_ desk: BatchDesk, _ judge: HTTPJudge) async throws -> BatchSubmission {
    let stream = AsyncStream<PreferencePair> { input in
      for pair in pairs { input.yield(pair) }
      input.finish()
    }
    return try await desk.submit(stream, as: plan(judge))
  }

  func label(_ judge: HTTPJudge, _ store: LabelStore) async throws -> [LabelOutcome] {
    try await LabelingEngine(store: store, logger: Logger(label: "test"))
      .label(pairs, as: plan(judge))
  }

  func count(_ path: String) throws -> Int {
    try server.requests("t").count { $0.path.hasSuffix(path) }
  }

  @Test func `batches are sent, waited for over restarts, and pay for the labels`() async throws {
    let first = try await withJudge("done,wait") { judge, desk, _ in try await submit(desk, judge) }
    // Twelve questions, at most eight a batch.
    #expect(first.requestCount == 12 && first.knownCount == 0 && first.pendingCount == 0)
    #expect(try server.requests("t").isEmpty)
    var stepCount = 0
    while try await withJudge("done,wait", { _, desk, _ in try await desk.advance() }) {
      stepCount += 1
    }
    // Sent; one collected and one waiting; collected. Each step in a process of its own.
    #expect(stepCount == 2)
    let (fileCount, batchCount) = (try count("/files"), try count("/batches"))
    #expect(fileCount == 2 && batchCount == 2)
    try await withJudge("done,wait") { judge, desk, store in
      let outcomes = try await label(judge, store)
      #expect(outcomes.count == 6 && outcomes.allSatisfy { (try? $0.result.get()) != nil })
      #expect(try count("/chat/completions") == 0)
      let again = try await submit(desk, judge)
      #expect(again.requestCount == 0 && again.knownCount == 12)
      let entry = try #require(try await store.spending().first)
      // Half of 210 tokens at a dollar a million, twelve times.
      #expect(entry.answeredCount == 12 && entry.cost == Money(picodollars: 12 * 105_000_000))
      #expect(judge.spending.cost == entry.cost && judge.spending.requestCount == 12)
      #expect(try await store.batches().map(\.state) == [.collected, .collected])
    }
  }

  @Test func `a batch whose creation was not heard of is found again`() async throws {
    try await withJudge("lost,done") { judge, desk, store in
      _ = try await submit(desk, judge)
      #expect(try await desk.advance())
      #expect(try await store.batches().map(\.state) == [.sending, .submitted])
    }
    try await withJudge("lost,done") { _, desk, store in
      while try await desk.advance() {}
      #expect(try await store.batches().map(\.answeredCount) == [8, 4])
    }
    #expect(try count("/batches") == 2)
  }

  @Test func `what failed for a passing reason goes out again, the rest is reported`() async throws
  {
    try await withJudge("partial,done") { judge, desk, store in
      _ = try await submit(desk, judge)
      while try await desk.advance() {}
      let batches = try await store.batches()
      // Of the first eight, one is refused for good and two fail for now.
      #expect(
        batches.map(\.requestCount) == [8, 4, 2] && batches.map(\.answeredCount) == [5, 4, 2]
      )
      #expect(batches[0].note == "HTTP status 400" && batches[2].attempt == 2)
      let entry = try #require(try await store.spending().first)
      #expect(entry.answeredCount == 11 && entry.cost == Money(picodollars: 11 * 105_000_000))
      #expect(judge.spending.cost == entry.cost)
    }
  }

  @Test func `an expired batch keeps what it has and a failed one costs nothing`() async throws {
    try await withJudge("expired,failed", attemptCountMax: 1) { judge, desk, store in
      _ = try await submit(desk, judge)
      while try await desk.advance() {}
      let batches = try await store.batches()
      #expect(batches.map(\.state) == [.collected, .failed])
      #expect(batches.map(\.answeredCount) == [4, 0])
      #expect(batches[0].note.contains("expired") && batches[1].note == "no such model")
      #expect(judge.spending.cost == Money(picodollars: 4 * 105_000_000))
      let again = try await submit(desk, judge)
      #expect(again.requestCount == 8 && again.knownCount == 4)
    }
  }

  @Test func `what a batch asks is not asked besides`() async throws {
    try await withJudge("done") { judge, desk, store in
      _ = try await submit(desk, judge)
      let outcomes = try await label(judge, store)
      for outcome in outcomes {
        guard case .failure(.judgeUnavailable(_, let reason, true)) = outcome.result else {
          Issue.record("unexpected \(outcome)")
          return
        }
        #expect(reason.contains("batch 1 asks it") || reason.contains("batch 2 asks it"))
      }
      #expect(try await submit(desk, judge).pendingCount == 12)
      #expect(try server.requests("t").isEmpty)
    }
  }

  @Test func `a batch that a budget does not allow is not sent`() async throws {
    try await withJudge("done", costMax: Money(picodollars: 100_000_000)) { judge, desk, store in
      let error = await #expect(throws: LabelingError.self) { try await submit(desk, judge) }
      guard case .budgetExhausted("max_cost of judge http:m", _, "$0.0001")? = error else {
        Issue.record("unexpected \(String(describing: error))")
        return
      }
      let batches = try await store.batches()
      #expect(batches.isEmpty)
      #expect(judge.spending.cost == .zero)
    }
  }
}

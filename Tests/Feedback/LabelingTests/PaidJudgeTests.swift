import Foundation
import Labeling
import Logging
import ScriptedEndpoint
import Testing

/// Budgets, books and the memory of requests, against an endpoint that counts.
@Suite struct PaidJudgeTests {
  let server: ScriptedServer
  let clock = InstantClock()
  let folder = TemporaryFolder()
  /// A dollar for each million tokens of any kind: 110 paid for an answer of 100 + 100 cached + 10.
  let price = ModelPrice(inputPerMillion: 1, cachedInputPerMillion: 0, outputPerMillion: 1)
  let answerCost = Money(picodollars: 110_000_000)

  init() throws { server = try ScriptedServer() }

  func store() throws -> LabelStore { try LabelStore(path: folder.file("labels.sqlite")) }

  func judge(
    _ steps: String,
    _ ledger: SpendingLedger,
    costMax: Money? = nil,
    requestCountMax: Int? = nil,
    _ change: (inout HTTPJudgeConfiguration) -> Void = { _ in }
  ) throws -> HTTPJudge {
    var configuration = HTTPJudgeConfiguration(baseURL: server.baseURL("t", steps), model: "m")
    configuration.timeout = .seconds(20)
    configuration.concurrencyMax = 4
    configuration.price = price
    configuration.budget = Budget(
      .judge("http:m"),
      costMax: costMax,
      requestCountMax: requestCountMax
    )
    change(&configuration)
    return try HTTPJudge(
      configuration: configuration,
      ledger: ledger,
      logger: Logger(label: "test"),
      clock: clock,
      jitter: { 0.5 }
    )
  }

  func label(
    _ pairs: Range<Int>,
    _ judge: HTTPJudge,
    _ store: LabelStore,
    account: RunAccount? = nil
  ) async throws -> [LabelOutcome] {
    try await LabelingEngine(store: store, logger: Logger(label: "test")).label(
      pairs.map { pair($0) },
      dataset: "d",
      principles: [conciseness],
      judge: judge,
      account: account
    )
  }

  @Test func `the books hold what the endpoint counted`() async throws {
    let store = try store()
    let ledger = try SpendingLedger(store: store)
    _ = try await label(0..<5, try judge("429,longer", ledger), store)
    let entry = try #require(try await store.spending().first)
    #expect(entry.runID == "d" && entry.judgeID == "http:m" && entry.principleID == "conciseness")
    #expect(entry.requestCount == 11 && entry.answeredCount == 10 && entry.uncertainCount == 0)
    #expect(entry.usage.promptCount == 2000 && entry.usage.cachedPromptCount == 1000)
    #expect(entry.usage.completionCount == 100)
    #expect(entry.cost == answerCost * 10)
    #expect(ledger.spending(.judge("http:m")).cost == answerCost * 10)
    #expect(ledger.spending(.run("d")).openCount == 0)
  }

  @Test func `an answer without a count of tokens costs the worst case`() async throws {
    let store = try store()
    let ledger = try SpendingLedger(store: store)
    _ = try await label(0..<1, try judge("free", ledger), store)
    let entry = try #require(try await store.spending().first)
    #expect(entry.answeredCount == 2 && entry.usage.totalCount == 0)
    #expect(entry.cost > answerCost * 2)
  }

  @Test(arguments: [1, 7, 12])
  func `a budget of requests stops before it is passed`(limit: Int) async throws {
    let store = try store()
    let judge = try judge("longer", try SpendingLedger(store: store), requestCountMax: limit)
    let error = await #expect(throws: LabelingError.self) {
      try await label(0..<50, judge, store)
    }
    #expect(
      error
        == .budgetExhausted(
          budget: "max_requests of judge http:m",
          spent: "\(limit)",
          limit: "\(limit)"
        )
    )
    #expect(try server.requests("t").count == limit)
    // What was paid for is there: whole pairs as labels, and every verdict.
    #expect(try await store.verdictCount() == limit)
    #expect(try await store.datasets().reduce(0) { $0 + $1.labelCount } <= limit / 2)
  }

  @Test func `a budget of money stops before it is passed and uses what answers leave`()
    async throws
  {
    let store = try store()
    let ledger = try SpendingLedger(store: store)
    // Worst cases are several times the true cost; still the last of it is used before it stops.
    let limit = Money(picodollars: 9_000_000_000)
    let error = await #expect(throws: LabelingError.self) {
      try await label(0..<100, try judge("longer", ledger, costMax: limit), store)
    }
    guard case .budgetExhausted("max_cost of judge http:m", let spent, "$0.009")? = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    let spending = ledger.spending(.judge("http:m"))
    #expect(spending.cost <= limit && spending.reserved == .zero)
    #expect(spending.cost == answerCost * (try server.requests("t").count))
    #expect(spent.hasPrefix(spending.cost.text))
    // A request may cost 1100 tokens or so, an eighth of the budget.
    #expect(spending.cost > Money(picodollars: 7_000_000_000))
  }

  @Test func `a run has a budget of its own that lasts over restarts`() async throws {
    let account = RunAccount(runID: "small", requestCountMax: 6)
    for expected in [6, 6] {
      let store = try store()
      let judge = try judge("longer", try SpendingLedger(store: store))
      await #expect(throws: LabelingError.self) {
        try await label(0..<20, judge, store, account: account)
      }
      #expect(try server.requests("t").count == expected)
      try store.close()
    }
    let store = try store()
    let judge = try judge("longer", try SpendingLedger(store: store))
    #expect(try await label(0..<5, judge, store).count == 5)
    #expect(try await store.spending().map(\.runID) == ["d", "small"])
  }

  @Test func `an identical request is sent once, whichever principle asks it`() async throws {
    let store = try store()
    let judge = try judge("longer", try SpendingLedger(store: store))
    let twin = Principle(id: "brevity", text: conciseness.text, negativeText: "x")
    let outcomes = try await LabelingEngine(store: store, logger: Logger(label: "test")).label(
      (0..<3).map { pair($0) },
      dataset: "d",
      principles: [conciseness, twin],
      judge: judge
    )
    #expect(outcomes.count == 6 && outcomes.allSatisfy { (try? $0.result.get()) != nil })
    #expect(try server.requests("t").count == 6)
  }

  @Test func `an answer without a verdict is not asked for again after a restart`() async throws {
    for _ in 0..<2 {
      let store = try store()
      let judge = try judge("silent", try SpendingLedger(store: store))
      let outcomes = try await label(0..<1, judge, store)
      guard case .failure(.noVerdict) = outcomes[0].result else {
        Issue.record("expected noVerdict")
        return
      }
      try store.close()
    }
    #expect(try server.requests("t").count == 2)
  }

  @Test func `a lost answer counts at its worst and is asked for again unless forbidden`()
    async throws
  {
    let store = try store()
    let ledger = try SpendingLedger(store: store)
    _ = try await label(0..<1, try judge("cut,longer", ledger), store)
    let entry = try #require(try await store.spending().first)
    #expect(entry.requestCount == 3 && entry.answeredCount == 2 && entry.uncertainCount == 1)
    #expect(entry.uncertainCost > .zero && entry.cost == entry.uncertainCost + answerCost * 2)
    #expect(try server.requests("t").count(where: \.isCharged) == 2)

    let strict = try judge("cut,longer", ledger) {
      $0.baseURL = server.baseURL("strict", "cut,longer")
      $0.lostAnswers = .fail
    }
    for _ in 0..<2 {
      let outcomes = try await label(7..<8, strict, store)
      guard case .failure(.judgeUnavailable(_, _, false)) = outcomes[0].result else {
        Issue.record("expected judgeUnavailable")
        return
      }
    }
    let bodies = try server.requests("strict").map(\.body)
    #expect(bodies.count == Set(bodies).count)
  }

  @Test func `a caller that leaves loses no answer that was asked for`() async throws {
    let store = try store()
    let judge = try judge("slow", try SpendingLedger(store: store))
    let work = Task { try await label(0..<1, judge, store) }
    while try server.requests("t").isEmpty { await Task.yield() }
    work.cancel()
    _ = await work.result
    while try await store.spending().first?.answeredCount != 1 { await Task.yield() }
    _ = try await label(0..<1, judge, store)
    let bodies = try server.requests("t").map(\.body)
    #expect(bodies.count == 2 && Set(bodies).count == 2)
  }

  @Test func `an endpoint that has had enough is left alone by everybody`() async throws {
    let store = try store()
    let judge = try judge("spent,longer", try SpendingLedger(store: store)) {
      $0.concurrencyMax = 1
    }
    _ = try await label(0..<2, judge, store)
    #expect(clock.sleeps == [.seconds(9)])
  }

  @Test func `an estimate tells what will be sent and nothing is`() async throws {
    let store = try store()
    let ledger = try SpendingLedger(store: store)
    let judge = try judge("longer", ledger) { $0.requestsPerMinute = 60 }
    let engine = LabelingEngine(store: store, logger: Logger(label: "test"))
    func estimate() async throws -> LabelingEstimate {
      let pairs = AsyncStream<PreferencePair> { input in
        for number in 0..<10 { input.yield(pair(number)) }
        input.finish()
      }
      return try await engine.estimate(
        pairs,
        as: LabelingPlan(
          dataset: "d",
          principles: [conciseness, relevance],
          panel: Panel(judge)
        )
      )
    }
    let before = try await estimate()
    #expect(try server.requests("t").isEmpty)
    #expect(before.pairCount == 10 && before.judgementCount == 20 && before.questionCount == 40)
    #expect(before.knownCount == 0 && before.requestCount == 40)
    #expect(before.expected.totalCount < before.worst.totalCount)
    #expect(before.expectedCost < before.worstCost && before.seconds >= 40)
    _ = try await label(0..<10, judge, store)
    let after = try await estimate()
    #expect(after.knownCount == 20 && after.requestCount == 20 && after.history.count == 20)
    // The endpoint counts 200 tokens for each prompt of some 1000 bytes.
    #expect((150 * 20...250 * 20).contains(after.expected.promptCount))
  }
}

import Foundation
import Labeling
import Logging
import Testing

@Suite struct DeferralTests {
  let folder = TemporaryFolder()
  /// One worker, so that pairs are stored in their order.
  let judge = OpinionJudge(
    id: "fair",
    concurrencyMax: 1,
    opinions: ["x": 0.9, "y": 0.6, "z": 0.45, "w": 0.2]
  )
  let pairs = ["x", "y", "z", "w"].enumerated().map { pair($0.offset, prompt: $0.element) }

  func withEngine<Result>(_ body: (LabelingEngine) async throws -> Result) async throws -> Result {
    let store = try LabelStore(path: folder.file("labels.sqlite"))
    let result = try await body(LabelingEngine(store: store, logger: Logger(label: "test")))
    try store.close()
    return result
  }

  func label(
    _ engine: LabelingEngine,
    _ rule: DeferralRule?,
    judge: OpinionJudge? = nil
  ) async throws -> [LabelOutcome] {
    let plan = LabelingPlan(
      dataset: "d",
      principles: [conciseness],
      panel: Panel(judge ?? self.judge),
      deferral: rule
    )
    return try await engine.label(pairs, as: plan)
  }

  @Test func `unsure pairs wait for a person, whose word then stands over restarts`() async throws {
    let rule = DeferralRule(confidenceMin: 0.7)
    try await withEngine { engine in
      let outcomes = try await label(engine, rule)
      #expect(outcomes.map { $0.deferral != nil } == [false, true, true, false])
      #expect(outcomes[1].deferral == "confidence 0.6 is below 0.7")
      #expect(try await engine.store.pairs(dataset: "d").map(\.pair.prompt) == ["x", "w"])
    }
    try await withEngine { engine in
      let store = engine.store
      let waiting = try await store.deferrals(dataset: "d")
      #expect(waiting.map(\.pair.prompt) == ["y", "z"])
      #expect(waiting[0].pair == pairs[1] && abs(waiting[0].label.probabilityA - 0.6) < 1e-9)
      #expect(try await store.deferralCount() == 2)
      #expect(try await store.resolve(waiting[0].id, .b, annotator: "ann"))
      #expect(try await store.resolve(waiting[1].id, .discard, annotator: "ann"))
      #expect(try await store.resolve(999, .a, annotator: "ann") == false)
    }
    try await withEngine { engine in
      let store = engine.store
      #expect(try await store.deferralCount(dataset: "d") == 0)
      let outcomes = try await label(engine, rule)
      let decided = try outcomes[1].result.get()
      #expect(decided.judgeID == "human:ann" && decided.choice == .b && outcomes[1].deferral == nil)
      guard case .failure(.discarded) = outcomes[2].result else {
        Issue.record("expected discarded")
        return
      }
      let labels = try await store.pairs(dataset: "d").flatMap(\.labels)
      #expect(labels.map(\.judgeID).sorted() == ["fair", "fair", "human:ann"])
      let agreement = try #require(
        try await store.statistics(dataset: "d").first { $0.judgeID == "human:ann" }
      )
      #expect(agreement.count == 1)
    }
  }

  @Test func `a decision can be taken back`() async throws {
    try await withEngine { engine in
      let store = engine.store
      _ = try await label(engine, DeferralRule(confidenceMin: 0.7))
      let first = try #require(try await store.deferrals().first)
      for resolution in [Resolution.a, .tie, nil, .b, nil] {
        #expect(try await store.resolve(first.id, resolution, annotator: "ann"))
        let labels = try await store.pairs(dataset: "d").flatMap(\.labels)
        let human = labels.filter { $0.judgeID == "human:ann" }
        #expect(human.map(\.choice.rawValue) == (resolution.map { [$0.rawValue] } ?? []))
      }
      #expect(try await store.deferrals().first?.resolution == nil)
    }
  }

  @Test func `a laxer rule takes pairs out of the queue and a stricter one labels out of use`()
    async throws
  {
    try await withEngine { engine in
      let store = engine.store
      _ = try await label(engine, DeferralRule(confidenceMin: 0.7))
      _ = try await label(engine, nil)
      #expect(try await store.deferralCount() == 0)
      #expect(try await store.pairs(dataset: "d").count == 4)
      _ = try await label(engine, DeferralRule(confidenceMin: 0.85))
      #expect(try await store.deferralCount() == 3)
      #expect(try await store.pairs(dataset: "d").map(\.pair.prompt) == ["x"])
    }
  }

  @Test func `labels whose orders disagree can be deferred however sure`() async throws {
    try await withEngine { engine in
      var biased = judge
      biased.bias = 0.25
      let rule = DeferralRule(confidenceMin: 0.5, defersInconsistent: true)
      let outcomes = try await label(engine, rule, judge: biased)
      #expect(outcomes.map { $0.deferral != nil } == [false, true, true, false])
      #expect(outcomes[1].deferral == "the two orders disagree")
    }
  }
}

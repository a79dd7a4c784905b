import Foundation
import Labeling
import Logging
import Testing

/// A judge with a fixed opinion of each pair, whatever the order.
struct OpinionJudge: Judge {
  let id: String
  let version = "1"
  let batchSize = 4
  var concurrencyMax = 2
  /// Probability of response A by pair, and what is added for the response shown first.
  let opinions: [String: Double]
  var bias = 0.0

  func judge(_ questions: [JudgeQuestion]) async -> [Result<Verdict, LabelingError>] {
    questions.map { question in
      guard let isA = opinions[question.prompt] else {
        return .failure(.noVerdict(judge: id, reason: "scripted"))
      }
      let first = question.first.hasPrefix("You chop") ? isA : 1 - isA
      let biased = min(0.999, max(0.001, first + bias))
      return .success(
        Verdict(logProbabilityFirst: log(biased), logProbabilitySecond: log(1 - biased))
      )
    }
  }
}

@Suite struct TrustTests {
  let folder = TemporaryFolder()
  let engine: LabelingEngine
  var store: LabelStore { engine.store }

  init() throws {
    engine = LabelingEngine(
      store: try LabelStore(path: folder.file("labels.sqlite")),
      logger: Logger(label: "test")
    )
  }

  /// Pairs whose prompts are their opinions' names.
  func pairs(_ names: [String]) -> [PreferencePair] {
    names.enumerated().map { pair($0.offset, prompt: $0.element) }
  }

  @Test func `a panel averages or votes, and keeps what each member said beside its label`()
    async throws
  {
    let names = ["x", "y", "z"]
    let judges = [
      OpinionJudge(id: "one", opinions: ["x": 0.9, "y": 0.6, "z": 0.5]),
      OpinionJudge(id: "two", opinions: ["x": 0.8, "y": 0.6, "z": 0.9]),
      OpinionJudge(id: "three", opinions: ["x": 0.4, "y": 0.1, "z": 0.1]),
    ]
    func probabilities(_ rule: Panel.Rule, _ dataset: String) async throws -> [Double] {
      let panel = Panel(name: "three", members: judges, rule: rule)
      let plan = LabelingPlan(dataset: dataset, principles: [conciseness], panel: panel)
      return try await engine.label(pairs(names), as: plan).map { outcome in
        let label = try outcome.result.get()
        #expect(label.judgeID == "panel:three")
        return label.probabilityA
      }
    }
    func isClose(_ left: [Double], _ right: [Double]) -> Bool {
      zip(left, right).allSatisfy { abs($0 - $1) < 1e-9 } && left.count == right.count
    }
    #expect(isClose(try await probabilities(.average, "a"), [0.7, 1.3 / 3, 0.5]))
    #expect(isClose(try await probabilities(.majority, "m"), [0.85, 0.6, 0.5]))
    let exported = try await store.pairs(dataset: "a")
    #expect(exported.allSatisfy { $0.labels.map(\.judgeID) == ["panel:three"] })
    let statistics = try await store.statistics(dataset: "a")
    #expect(statistics.map(\.judgeID) == ["one", "panel:three", "three", "two"])
  }

  @Test func `a panel without a member's verdict gives no label`() async throws {
    let panel = Panel(
      name: "p",
      members: [
        OpinionJudge(id: "one", opinions: ["x": 0.9, "y": 0.9]),
        OpinionJudge(id: "two", opinions: ["x": 0.9]),
      ],
      rule: .average
    )
    let plan = LabelingPlan(dataset: "d", principles: [conciseness], panel: panel)
    let outcomes = try await engine.label(pairs(["x", "y"]), as: plan)
    #expect((try? outcomes[0].result.get()) != nil)
    guard case .failure(.noVerdict("two", _)) = outcomes[1].result else {
      Issue.record("expected noVerdict")
      return
    }
  }

  @Test func `kappa is agreement beyond chance`() {
    // 20 both A, 5 and 10 apart, 15 both B: p_o 0.7, p_e 0.5.
    let agreement = JudgeAgreement(
      principleID: "p",
      firstJudgeID: "x",
      secondJudgeID: "y",
      counts: [.init(.a, .a): 20, .init(.a, .b): 5, .init(.b, .a): 10, .init(.b, .b): 15]
    )
    #expect(agreement.count == 50 && abs(agreement.agreement - 0.7) < 1e-12)
    #expect(abs((agreement.kappa ?? 0) - 0.4) < 1e-12)
    let same = JudgeAgreement(
      principleID: "p",
      firstJudgeID: "x",
      secondJudgeID: "y",
      counts: [.init(.a, .a): 9]
    )
    #expect(same.kappa == nil && same.agreement == 1)
  }

  @Test func `swaps, places, lengths and agreement are counted by principle and judge`()
    async throws
  {
    let names = ["x", "y", "z", "w"]
    // Response A is the longer one in every pair.
    let fair = OpinionJudge(id: "fair", opinions: ["x": 0.9, "y": 0.2, "z": 0.5, "w": 0.8])
    let biased = OpinionJudge(
      id: "biased",
      opinions: ["x": 0.9, "y": 0.45, "z": 0.45, "w": 0.55],
      bias: 0.2
    )
    for judge in [fair, biased] {
      _ = try await engine.label(
        pairs(names),
        dataset: "d",
        principles: [conciseness],
        judge: judge
      )
    }
    let statistics = try await store.statistics(dataset: "d")
    let (first, second) = (try #require(statistics.last), try #require(statistics.first))
    #expect(first.judgeID == "fair" && first.count == 4 && first.consistentCount == 4)
    #expect(first.tieCount == 1 && first.comparableCount == 3 && first.longerCount == 2)
    #expect(abs((first.firstPlaceShare ?? 0) - 0.5) < 1e-9)
    #expect(abs(first.meanConfidence - (0.9 + 0.8 + 0.5 + 0.8) / 4) < 1e-9)
    #expect(second.judgeID == "biased" && second.consistentCount == 1)
    #expect((second.firstPlaceShare ?? 0) > 0.65)
    let agreement = try #require(try await store.agreements(dataset: "d").first)
    #expect(agreement.firstJudgeID == "biased" && agreement.secondJudgeID == "fair")
    #expect(agreement.count == 4 && agreement.counts[.init(.b, .b)] == 1)
    #expect(agreement.counts[.init(.b, .tie)] == 1 && agreement.counts[.init(.a, .a)] == 2)
    #expect(try await store.statistics(dataset: "e").isEmpty)
  }

  @Test func `a constitution draws one principle a pair, the same for the same seed`() async throws
  {
    let names = (0..<60).map { "p\($0)" }
    let judge = OpinionJudge(
      id: "fair",
      opinions: Dictionary(uniqueKeysWithValues: names.map { ($0, 0.9) })
    )
    let principles = [conciseness, relevance]
    func label(_ names: [String], seed: UInt64) async throws -> [LabelOutcome] {
      try await engine.label(
        pairs(names),
        as: LabelingPlan(
          dataset: "d\(seed)",
          principles: principles,
          panel: Panel(judge),
          constitution: Constitution(seed: seed)
        )
      )
    }
    let outcomes = try await label(names, seed: 1)
    #expect(outcomes.count == 60 && Set(outcomes.map(\.principleID)) == ["constitution"])
    #expect(try await store.verdictCount() == 120)
    _ = try await label(names, seed: 1)
    #expect(try await store.verdictCount() == 120)
    _ = try await label(names, seed: 2)
    // About half of the pairs got the other principle.
    #expect((150...210).contains(try await store.verdictCount()))
    let drawn = (0..<1000).map {
      Constitution(seed: 7).principle(for: "\($0)", among: principles)?.id
    }
    #expect((400...600).contains(drawn.count { $0 == "relevance" }))
    #expect(Constitution(seed: 7).principle(for: "x", among: []) == nil)
  }
}

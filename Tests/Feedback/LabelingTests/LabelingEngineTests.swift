import Foundation
import Labeling
import Logging
import Synchronization
import Testing

@Suite struct LabelingEngineTests {
  let folder = TemporaryFolder()
  let engine: LabelingEngine

  init() throws {
    engine = LabelingEngine(
      store: try LabelStore(path: folder.file("labels.sqlite")),
      logger: Logger(label: "test")
    )
  }

  @Test func `every pair and principle gets a stored label, both orders asked`() async throws {
    let judge = CountingJudge()
    let pairs = (0..<20).map { pair($0) }
    let outcomes = try await engine.label(
      pairs,
      dataset: "d",
      principles: [conciseness, relevance],
      judge: judge
    )
    #expect(outcomes.count == 40)
    #expect(judge.questionCount == 80)
    for outcome in outcomes {
      let label = try outcome.result.get()
      #expect(label.probabilityA > 0.9 && label.isOrderConsistent && !outcome.wasKnown)
    }
    #expect(outcomes.map(\.pairID) == pairs.flatMap { [$0.id, $0.id] })
    #expect(
      try await engine.store.datasets() == [
        DatasetSummary(name: "d", pairCount: 20, labelCount: 40)
      ]
    )
    #expect(try await engine.store.verdictCount() == 80)
  }

  @Test func `asking twice asks the judge once`() async throws {
    let judge = CountingJudge()
    let pairs = (0..<10).map { pair($0) }
    let first = try await engine.label(pairs, dataset: "d", principles: [conciseness], judge: judge)
    let again = try await engine.label(pairs, dataset: "e", principles: [conciseness], judge: judge)
    #expect(judge.questionCount == 20)
    #expect(!again.contains { !$0.wasKnown })
    #expect(try again.map { try $0.result.get() } == first.map { try $0.result.get() })
  }

  @Test func `concurrent callers with the same questions pay once`() async throws {
    let judge = CountingJudge(batchSize: 2, concurrencyMax: 4)
    let pairs = (0..<25).map { pair($0) }
    let counts = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<8 {
        group.addTask {
          try await engine.label(
            pairs,
            dataset: "d\(number)",
            principles: [conciseness],
            judge: judge
          )
          .count { (try? $0.result.get()) != nil }
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(counts == Array(repeating: 25, count: 8))
    #expect(judge.questionCount == 50)
  }

  @Test func `no more calls run at once than the judge allows`() async throws {
    let judge = CountingJudge(batchSize: 2, concurrencyMax: 3)
    _ = try await engine.label(
      (0..<60).map { pair($0) },
      dataset: "d",
      principles: [conciseness],
      judge: judge
    )
    #expect(judge.activeCountMax <= 3)
  }

  @Test func `a label arrives although the caller sends nothing more yet`() async throws {
    let (stream, input) = AsyncStream<PreferencePair>.makeStream()
    let judge = CountingJudge(batchSize: 64)
    input.yield(pair(0))
    // Each label delivered sends the next pair; without prompt delivery this would never end.
    let summary = try await engine.label(
      stream,
      dataset: "d",
      principles: [conciseness],
      judge: judge
    ) { outcome in
      let number = Int(outcome.pairID.dropFirst(5)) ?? 0
      if number == 9 { input.finish() } else { input.yield(pair(number + 1)) }
    }
    #expect(summary.labelCount == 10 && summary.failureCount == 0 && summary.consistentCount == 10)
  }

  @Test func `pairs are read no faster than labels are taken`() async throws {
    let judge = CountingJudge(batchSize: 2, concurrencyMax: 2)
    let read = Mutex(0)
    let taken = Mutex(0)
    let lead = Mutex(0)
    let pairs = AsyncStream<PreferencePair>(unfolding: {
      let number = read.withLock { count in
        count += 1
        return count
      }
      lead.withLock { $0 = max($0, number - taken.withLock { $0 }) }
      return number <= 100 ? pair(number) : nil
    })
    _ = try await engine.label(pairs, dataset: "d", principles: [conciseness], judge: judge) { _ in
      taken.withLock { $0 += 1 }
    }
    #expect(lead.withLock { $0 } <= 2 * 2 + 2)
  }

  @Test func `one unjudgeable or malformed pair does not stop the others`() async throws {
    let judge = CountingJudge()
    var clash = pair(1)
    clash.responseB = "Something else."
    let pairs = [pair(1), pair(2, prompt: "unjudgeable"), pair(3, prompt: ""), pair(4)]
    let outcomes = try await engine.label(
      pairs,
      dataset: "d",
      principles: [conciseness],
      judge: judge
    )
    #expect(outcomes.map { (try? $0.result.get()) != nil } == [true, false, false, true])
    let clashed = try await engine.label(
      [clash, pair(5)],
      dataset: "d",
      principles: [conciseness],
      judge: judge
    )
    #expect(clashed.map { (try? $0.result.get()) != nil } == [false, true])
  }

  @Test func `a failed question is asked again next time`() async throws {
    let judge = CountingJudge()
    let bad = [pair(2, prompt: "unjudgeable")]
    _ = try await engine.label(bad, dataset: "d", principles: [conciseness], judge: judge)
    _ = try await engine.label(bad, dataset: "d", principles: [conciseness], judge: judge)
    #expect(judge.questionCount == 4)
  }

  @Test func `a principle the judge cannot judge is refused before anything is asked`() async throws
  {
    let unknown = Principle(id: "empathy", text: "Feels.", negativeText: "")
    await #expect(throws: LabelingError.self) {
      try await engine.label([pair(1)], dataset: "d", principles: [unknown], judge: RulesJudge())
    }
    #expect(try await engine.store.datasets().isEmpty)
  }

  @Test func `cancellation ends the work and leaves nobody waiting`() async throws {
    let gate = AsyncPermits(count: 1)
    try await gate.acquire()
    let judge = CountingJudge(batchSize: 2, concurrencyMax: 2, gate: gate)
    let pairs = (0..<10).map { pair($0) }
    let work = Task {
      try await engine.label(pairs, dataset: "d", principles: [conciseness], judge: judge)
    }
    while judge.questionCount == 0 { await Task.yield() }
    work.cancel()
    let result = await work.result
    // Either the judge's answer or the check between batches reports it; no label was made.
    if case .success(let outcomes) = result {
      #expect(outcomes.allSatisfy { (try? $0.result.get()) == nil })
    }
    gate.release()
    let outcomes = try await engine.label(
      pairs,
      dataset: "d",
      principles: [conciseness],
      judge: judge
    )
    #expect(outcomes.count == 10 && outcomes.allSatisfy { (try? $0.result.get()) != nil })
  }

  @Test func `an error of the receiver ends the work`() async throws {
    struct Gone: Error {}
    let stream = AsyncStream<PreferencePair> { input in
      for number in 0..<50 { input.yield(pair(number)) }
      input.finish()
    }
    await #expect(throws: Gone.self) {
      try await engine.label(
        stream,
        dataset: "d",
        principles: [conciseness],
        judge: CountingJudge()
      ) { _ in
        throw Gone()
      }
    }
  }

  @Test func `the rules judge labels real pairs end to end`() async throws {
    let pair = PreferencePair(
      id: "p",
      prompt: RuleTests.prompt,
      responseA: RuleTests.short,
      responseB: "It is what it is, and I would be glad to help you with this very good idea"
    )
    let principles = try PrincipleFolder.load(directory: configurationFolder + "/principles")
    let outcomes = try await engine.label(
      [pair],
      dataset: "d",
      principles: principles,
      judge: RulesJudge()
    )
    #expect(outcomes.count == 6)
    let byID = try Dictionary(
      uniqueKeysWithValues: outcomes.map { ($0.principleID, try $0.result.get()) }
    )
    #expect(try #require(byID["relevance"]).probabilityA > 0.9)
    #expect(try #require(byID["understandability"]).probabilityA > 0.9)
  }
}

@Suite struct AsyncPermitsTests {
  @Test func `waiting stops when cancelled and order is kept`() async throws {
    let permits = AsyncPermits(count: 1)
    try await permits.acquire()
    let cancelled = Task { try await permits.acquire() }
    cancelled.cancel()
    let outcome = await cancelled.result
    #expect(throws: LabelingError.cancelled) { try outcome.get() }
    permits.release()
    try await permits.acquire()
    permits.release()
  }
}

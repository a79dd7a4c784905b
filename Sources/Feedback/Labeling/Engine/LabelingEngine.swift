package import Logging
internal import Synchronization

/// Turns pairs and principles into labels: asks what is not known, once, and stores before it tells.
///
/// Any number of ``label(_:dataset:principles:judge:deliver:)`` calls may run at once; identical
/// questions among them are asked once.
package final class LabelingEngine: Sendable {
  /// Where verdicts and labels are kept.
  package let store: LabelStore
  private let desk = QuestionDesk()
  private let logger: Logger

  /// Creates an engine over a store.
  package init(store: LabelStore, logger: Logger) {
    self.store = store
    self.logger = logger
  }

  /// Labels every pair by every principle and delivers each label as soon as it is durable.
  ///
  /// Pairs are read only as fast as labels are delivered. `deliver` is never called twice at once;
  /// while it is suspended, at most `panel.windowLength` labels are prepared. A pair that cannot be
  /// judged is delivered as a failure and the work goes on; an error of the store, of `pairs` or of
  /// `deliver`, and cancellation, end it. A budget that is used up ends it too, after what is under
  /// way was delivered.
  ///
  /// - Throws: `LabelingError.unknownPrinciple` before anything is read, and what ends the work.
  package func label<Pairs: AsyncSequence & Sendable>(
    _ pairs: Pairs,
    as plan: LabelingPlan,
    deliver: @escaping @Sendable (LabelOutcome) async throws -> Void
  ) async throws -> LabelingSummary where Pairs.Element == PreferencePair {
    try plan.check()
    let (failures, failure) = AsyncThrowingStream<Never, any Error>.makeStream()
    let run = LabelingRun(
      store: store,
      desk: desk,
      plan: plan,
      deliver: deliver,
      failure: failure
    )
    return try await withThrowingTaskGroup(of: Void.self) { group in
      // A worker's failure has to end the reading too, which may be waiting for a pair that the
      // caller sends only after it has seen a label.
      group.addTask { for try await _ in failures {} }
      group.addTask {
        defer { failure.finish() }
        try await Self.read(pairs, run)
      }
      while try await group.next() != nil {}
      logger.debug(
        "Labelled a stream of pairs",
        metadata: ["labeler.labels": "\(run.summary.labelCount)", "judge.id": "\(plan.panel.id)"]
      )
      return run.summary
    }
  }

  /// Hands pairs to workers, of which it starts as many as there is work for.
  private static func read<Pairs: AsyncSequence & Sendable>(
    _ pairs: Pairs,
    _ run: LabelingRun
  ) async throws where Pairs.Element == PreferencePair {
    try await withThrowingTaskGroup(of: Void.self) { group in
      var endedCount = 0
      for try await pair in pairs {
        for job in run.plan.jobs(for: pair) {
          try await run.window.acquire()
          if run.enqueue(job) { group.addTask { try await run.work() } }
        }
        // Collecting the workers that have ended keeps the group small.
        while endedCount < run.endedWorkerCount, try await group.next() != nil { endedCount += 1 }
      }
      while try await group.next() != nil {}
    }
  }

  /// Labels an array of pairs and returns the outcomes in the order of pairs and principles.
  package func label(
    _ pairs: [PreferencePair],
    as plan: LabelingPlan
  ) async throws -> [LabelOutcome] {
    let collected = Mutex<[Slot: LabelOutcome]>([:])
    let stream = AsyncStream<PreferencePair> { continuation in
      for pair in pairs { continuation.yield(pair) }
      continuation.finish()
    }
    _ = try await label(stream, as: plan) { outcome in
      collected.withLock {
        $0[Slot(pairID: outcome.pairID, principleID: outcome.principleID)] = outcome
      }
    }
    let found = collected.withLock { $0 }
    return pairs.flatMap { pair in
      plan.jobs(for: pair).compactMap { found[Slot(pairID: pair.id, principleID: $0.labelID)] }
    }
  }

  private struct Slot: Hashable {
    var pairID: String
    var principleID: String
  }
}

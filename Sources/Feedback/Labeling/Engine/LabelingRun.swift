internal import Synchronization

/// The shared state of one labelling call and the work of its workers.
final class LabelingRun: Sendable {
  typealias Delivery = @Sendable (LabelOutcome) async throws -> Void

  /// One pair to be judged by one principle.
  struct Job: Sendable {
    var pair: PreferencePair
    var principle: Principle
    /// The principle that the label goes by.
    var labelID: String
    /// The wording that the label belongs to, or empty for none.
    var labelHash: String
  }

  private struct State {
    var queue: [Job] = []
    var workerCount = 0
    var endedWorkerCount = 0
    var summary = LabelingSummary()
    /// The budget that ended the run, if one did.
    var exhaustion: LabelingError?
  }

  /// Permits for jobs that are queued, being judged or waiting to be delivered.
  let window: AsyncPermits
  private let store: LabelStore
  let plan: LabelingPlan
  private let desk: QuestionDesk
  private let receive: Delivery
  private let failure: AsyncThrowingStream<Never, any Error>.Continuation
  private let delivery = AsyncPermits(count: 1)
  private let state = Mutex(State())

  init(
    store: LabelStore,
    desk: QuestionDesk,
    plan: LabelingPlan,
    deliver: @escaping Delivery,
    failure: AsyncThrowingStream<Never, any Error>.Continuation
  ) {
    self.failure = failure
    self.store = store
    self.desk = desk
    self.plan = plan
    receive = deliver
    window = AsyncPermits(count: plan.panel.windowLength)
  }

  /// What has been delivered so far.
  var summary: LabelingSummary { state.withLock { $0.summary } }

  /// Workers that have returned or are about to.
  var endedWorkerCount: Int { state.withLock { $0.endedWorkerCount } }

  /// Adds a job and tells whether another worker should be started for it.
  ///
  /// When a budget is used up nothing is added: the run ends when what is under way has.
  func enqueue(_ job: Job) -> Bool {
    state.withLock { state in
      guard state.exhaustion == nil else { return false }
      state.queue.append(job)
      guard state.workerCount < plan.panel.concurrencyMax else { return false }
      state.workerCount += 1
      return true
    }
  }

  /// Works until the queue is empty; an error ends the whole run.
  func work() async throws {
    do {
      while let batch = nextBatch() { try await process(batch) }
    } catch {
      failure.finish(throwing: error)
      throw error
    }
  }

  /// Takes the next jobs, or ends the worker in the same breath so that no job is left behind.
  private func nextBatch() -> [Job]? {
    let (batch, exhaustion) = state.withLock { state -> ([Job]?, LabelingError?) in
      if state.queue.isEmpty {
        state.workerCount -= 1
        state.endedWorkerCount += 1
        return (nil, state.workerCount == 0 ? state.exhaustion : nil)
      }
      let count = min(state.queue.count, plan.panel.batchLength)
      let batch = Array(state.queue.prefix(count))
      state.queue.removeFirst(count)
      return (batch, nil)
    }
    if let exhaustion { failure.finish(throwing: exhaustion) }
    return batch
  }

  /// Takes no more jobs because a budget is used up; the other workers finish theirs, since what they
  /// asked is paid for.
  private func exhaust(_ error: LabelingError) {
    let droppedCount = state.withLock { state in
      if state.exhaustion == nil { state.exhaustion = error }
      defer { state.queue = [] }
      return state.queue.count
    }
    for _ in 0..<droppedCount { window.release() }
  }

  private func process(_ batch: [Job]) async throws {
    let inquiries = try await withThrowingTaskGroup(of: (Int, Inquiry).self) { group in
      for (index, member) in plan.panel.members.enumerated() {
        group.addTask {
          var inquiry = Inquiry(batch, judge: member)
          try await inquiry.ask(store: self.store, desk: self.desk, account: self.plan.account)
          return (index, inquiry)
        }
      }
      var found: [Int: Inquiry] = [:]
      for try await (index, inquiry) in group { found[index] = inquiry }
      return found.sorted { $0.key < $1.key }.map(\.value)
    }
    var finished: [LabelOutcome] = []
    var opinions: [LabelledPair] = []
    for (index, job) in batch.enumerated() {
      let (result, labels) = join(inquiries.map { $0.label(of: index) })
      if plan.panel.isSeveral {
        opinions += labels.map {
          LabelledPair(pair: job.pair, label: $0, principleHash: job.labelHash)
        }
      }
      finished.append(
        LabelOutcome(
          pairID: job.pair.id,
          principleID: job.labelID,
          result: result,
          wasKnown: inquiries.allSatisfy { $0.wasKnown(index) }
        )
      )
    }
    try await storeAndDeliver(finished, opinions, of: batch)
  }

  /// Makes one label of the members', or says why there is none.
  private func join(
    _ results: [Result<Label, LabelingError>]
  ) -> (result: Result<Label, LabelingError>, labels: [Label]) {
    var labels: [Label] = []
    for result in results {
      switch result {
      case .success(let label): labels.append(label)
      case .failure(let error): return (.failure(error), labels)
      }
    }
    guard let label = plan.panel.combine(labels) else {
      return (.failure(.noVerdict(judge: plan.panel.id, reason: "it has no members")), [])
    }
    return (.success(label), labels)
  }

  private func storeAndDeliver(
    _ outcomes: [LabelOutcome],
    _ opinions: [LabelledPair],
    of batch: [Job]
  ) async throws {
    var finished = outcomes
    do throws(LabelingError) {
      try await save(&finished, Array(finished.indices), of: batch)
    } catch {
      guard case .invalidPair = error else { throw error }
      // One pair of the batch clashes with the dataset; only it is to blame.
      finished = outcomes
      for index in finished.indices {
        do throws(LabelingError) {
          try await save(&finished, [index], of: batch)
        } catch {
          guard case .invalidPair = error else { throw error }
          finished[index].result = .failure(error)
        }
      }
    }
    let clashing = Set(finished.filter { (try? $0.result.get()) == nil }.map(\.pairID))
    try await store.save(
      opinions: opinions.filter { !clashing.contains($0.pair.id) },
      dataset: plan.dataset
    )
    for outcome in finished { try await deliver(outcome) }
  }

  /// Stores the labels among some outcomes of a batch and notes what became of them.
  private func save(
    _ outcomes: inout [LabelOutcome],
    _ indices: [Int],
    of batch: [Job]
  ) async throws(LabelingError) {
    let labelled = indices.filter { (try? outcomes[$0].result.get()) != nil }
    let items = labelled.compactMap { index in
      (try? outcomes[index].result.get()).map {
        LabelledPair(pair: batch[index].pair, label: $0, principleHash: batch[index].labelHash)
      }
    }
    if items.isEmpty { return }
    let fates = try await store.save(items, dataset: plan.dataset, deferring: plan.deferral)
    for (index, fate) in zip(labelled, fates) {
      switch fate {
      case .kept: break
      case .deferred(let reason): outcomes[index].deferral = reason
      case .decided(let label): outcomes[index].result = .success(label)
      case .discarded: outcomes[index].result = .failure(.discarded)
      }
    }
  }

  private func deliver(_ outcome: LabelOutcome) async throws {
    defer { window.release() }
    if case .failure(let error) = outcome.result, case .budgetExhausted = error {
      exhaust(error)
      return
    }
    try await delivery.acquire()
    defer { delivery.release() }
    try await receive(outcome)
    state.withLock { $0.summary.add(outcome) }
  }
}

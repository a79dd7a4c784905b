internal import Synchronization

/// The shared state of one labelling call and the work of its workers.
final class LabelingRun: Sendable {
  typealias Delivery = @Sendable (LabelOutcome) async throws -> Void

  /// One pair to be judged by one principle.
  struct Job: Sendable {
    var pair: PreferencePair
    var principle: Principle
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
  private let desk: QuestionDesk
  private let judge: any Judge
  private let dataset: String
  private let account: RunAccount
  private let deliver: Delivery
  private let failure: AsyncThrowingStream<Never, any Error>.Continuation
  private let delivery = AsyncPermits(count: 1)
  private let state = Mutex(State())

  init(
    store: LabelStore,
    desk: QuestionDesk,
    judge: any Judge,
    dataset: String,
    account: RunAccount,
    deliver: @escaping Delivery,
    failure: AsyncThrowingStream<Never, any Error>.Continuation
  ) {
    self.failure = failure
    self.store = store
    self.desk = desk
    self.judge = judge
    self.dataset = dataset
    self.account = account
    self.deliver = deliver
    window = AsyncPermits(count: max(1, judge.batchSize) * max(1, judge.concurrencyMax))
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
      guard state.workerCount < max(1, judge.concurrencyMax) else { return false }
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
      let count = min(state.queue.count, max(1, judge.batchSize / 2))
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
    var questions: [VerdictKey: JudgeQuestion] = [:]
    var ordered: [VerdictKey] = []
    var keysOfJob: [[VerdictKey]?] = []
    var refusals: [Int: LabelingError] = [:]
    for (index, job) in batch.enumerated() {
      do {
        try job.pair.validate()
        let keys = PresentationOrder.allCases.map { order in
          let question = JudgeQuestion(job.pair, principle: job.principle, order: order)
          let key = VerdictKey(question, judge: judge)
          if questions.updateValue(question, forKey: key) == nil { ordered.append(key) }
          return key
        }
        keysOfJob.append(keys)
      } catch {
        refusals[index] = error
        keysOfJob.append(nil)
      }
    }
    let (outcomes, asked) = try await answers(to: ordered, questions)
    var finished: [LabelOutcome] = []
    for (index, job) in batch.enumerated() {
      let keys = keysOfJob[index] ?? []
      let result = refusals[index].map { .failure($0) } ?? label(job, keys, outcomes)
      finished.append(
        LabelOutcome(
          pairID: job.pair.id,
          principleID: job.principle.id,
          result: result,
          wasKnown: asked.isDisjoint(with: keys)
        )
      )
    }
    try await storeAndDeliver(finished, of: batch)
  }

  /// Joins the verdicts of both orders, or says which is missing.
  private func label(
    _ job: Job,
    _ keys: [VerdictKey],
    _ outcomes: [VerdictKey: QuestionDesk.Outcome]
  ) -> Result<Label, LabelingError> {
    var judgements: [Judgement] = []
    for (order, key) in zip(PresentationOrder.allCases, keys) {
      switch outcomes[key] {
      case .success(let verdict): judgements.append(Judgement(verdict, order: order))
      case .failure(let error): return .failure(error)
      case nil: return .failure(.noVerdict(judge: judge.id, reason: "it skipped the question"))
      }
    }
    return .success(
      Label(
        pairID: job.pair.id,
        principleID: job.principle.id,
        judgeID: judge.id,
        judgeVersion: judge.version,
        forward: judgements[0],
        reversed: judgements[1]
      )
    )
  }

  /// Finds or asks the verdicts of some keys.
  ///
  /// Claiming comes before looking into the store: an owner settles only after its verdicts are
  /// stored, so whoever claims later finds them there.
  private func answers(
    to keys: [VerdictKey],
    _ questions: [VerdictKey: JudgeQuestion]
  ) async throws -> (outcomes: [VerdictKey: QuestionDesk.Outcome], asked: Set<VerdictKey>) {
    var outcomes: [VerdictKey: QuestionDesk.Outcome] = [:]
    var asked: Set<VerdictKey> = []
    while outcomes.count < keys.count {
      let open = keys.filter { outcomes[$0] == nil }
      let owned = desk.claim(open)
      var unsettled = owned
      defer { for key in unsettled { desk.settle(key, .failure(.cancelled)) } }
      for (key, verdict) in try await store.verdicts(for: open.filter(owned.contains)) {
        outcomes[key] = .success(verdict)
        unsettled.remove(key)
        desk.settle(key, .success(verdict))
      }
      let missing = open.filter(unsettled.contains)
      for start in stride(from: 0, to: missing.count, by: max(1, judge.batchSize)) {
        try Task.checkCancellation()
        let chunk = Array(missing[start..<min(missing.count, start + max(1, judge.batchSize))])
        let results = await ask(chunk.compactMap { questions[$0] })
        try await remember(results, of: chunk, questions)
        for (key, result) in zip(chunk, results) {
          outcomes[key] = result
          asked.insert(key)
          unsettled.remove(key)
          desk.settle(key, result)
        }
      }
      for key in open where !owned.contains(key) {
        // The owner's cancellation is not ours: on the next turn this worker may own the key.
        guard let outcome = await desk.outcome(of: key), outcome != .failure(.cancelled) else {
          try Task.checkCancellation()
          continue
        }
        outcomes[key] = outcome
      }
    }
    return (outcomes, asked)
  }

  private func ask(_ questions: [JudgeQuestion]) async -> [QuestionDesk.Outcome] {
    guard let paying = judge as? any PayingJudge else { return await judge.judge(questions) }
    return await paying.judge(questions, chargedTo: account)
  }

  private func remember(
    _ results: [QuestionDesk.Outcome],
    of keys: [VerdictKey],
    _ questions: [VerdictKey: JudgeQuestion]
  ) async throws(LabelingError) {
    var paid: [KeyedVerdict] = []
    for (key, result) in zip(keys, results) {
      guard let question = questions[key], let verdict = try? result.get() else { continue }
      paid.append(KeyedVerdict(question, judge: judge, verdict: verdict))
    }
    try await store.save(paid)
  }

  private func storeAndDeliver(_ outcomes: [LabelOutcome], of batch: [Job]) async throws {
    var finished = outcomes
    let labelled = zip(batch, outcomes).compactMap { job, outcome in
      (try? outcome.result.get()).map {
        LabelledPair(pair: job.pair, label: $0, principleHash: job.principle.textHash)
      }
    }
    if let error = await failure(storing: labelled) {
      guard case .invalidPair = error else { throw error }
      finished = try await storeOneByOne(outcomes, of: batch)
    }
    for outcome in finished {
      if case .failure(let error) = outcome.result, case .budgetExhausted = error {
        exhaust(error)
        window.release()
        continue
      }
      try await delivery.acquire()
      defer { delivery.release() }
      try await deliver(outcome)
      state.withLock { $0.summary.add(outcome) }
      window.release()
    }
  }

  /// Stores what can be stored when one pair of a batch clashes with the dataset, and blames only it.
  private func storeOneByOne(
    _ outcomes: [LabelOutcome],
    of batch: [Job]
  ) async throws -> [LabelOutcome] {
    var finished = outcomes
    for (index, job) in batch.enumerated() {
      guard case .success(let label) = outcomes[index].result else { continue }
      let item = LabelledPair(pair: job.pair, label: label, principleHash: job.principle.textHash)
      if let error = await failure(storing: [item]) {
        guard case .invalidPair = error else { throw error }
        finished[index].result = .failure(error)
      }
    }
    return finished
  }

  private func failure(storing items: [LabelledPair]) async -> LabelingError? {
    do {
      try await store.save(items, dataset: dataset)
      return nil
    } catch {
      return error
    }
  }
}

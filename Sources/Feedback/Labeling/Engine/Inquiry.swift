/// One judge's answers about a batch of pairs: found in the store, or asked in both orders.
struct Inquiry: Sendable {
  private let judge: any Judge
  private let batch: [LabelingRun.Job]
  private var questions: [VerdictKey: JudgeQuestion] = [:]
  private var ordered: [VerdictKey] = []
  private var keysOfJob: [[VerdictKey]] = []
  private var refusals: [Int: LabelingError] = [:]
  private var outcomes: [VerdictKey: QuestionDesk.Outcome] = [:]
  private var asked: Set<VerdictKey> = []

  /// Writes the questions down.
  init(_ batch: [LabelingRun.Job], judge: any Judge) {
    self.judge = judge
    self.batch = batch
    for (index, job) in batch.enumerated() {
      do throws(LabelingError) {
        try job.pair.validate()
      } catch {
        refusals[index] = error
        keysOfJob.append([])
        continue
      }
      keysOfJob.append(
        PresentationOrder.allCases.map { order in
          let question = JudgeQuestion(job.pair, principle: job.principle, order: order)
          let key = VerdictKey(question, judge: judge)
          if questions.updateValue(question, forKey: key) == nil { ordered.append(key) }
          return key
        }
      )
    }
  }

  /// Whether no question about a job had to be asked.
  func wasKnown(_ index: Int) -> Bool { asked.isDisjoint(with: keysOfJob[index]) }

  /// The verdicts of both orders joined, or which is missing.
  func label(of index: Int) -> Result<Label, LabelingError> {
    if let refusal = refusals[index] { return .failure(refusal) }
    var judgements: [Judgement] = []
    for (order, key) in zip(PresentationOrder.allCases, keysOfJob[index]) {
      switch outcomes[key] {
      case .success(let verdict): judgements.append(Judgement(verdict, order: order))
      case .failure(let error): return .failure(error)
      case nil: return .failure(.noVerdict(judge: judge.id, reason: "it skipped the question"))
      }
    }
    return .success(
      Label(
        pairID: batch[index].pair.id,
        principleID: batch[index].labelID,
        judgeID: judge.id,
        judgeVersion: judge.version,
        forward: judgements[0],
        reversed: judgements[1]
      )
    )
  }

  /// Finds or asks the verdicts.
  ///
  /// Claiming comes before looking into the store: an owner settles only after its verdicts are
  /// stored, so whoever claims later finds them there.
  mutating func ask(store: LabelStore, desk: QuestionDesk, account: RunAccount) async throws {
    while outcomes.count < ordered.count {
      let open = ordered.filter { outcomes[$0] == nil }
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
        let results = await answers(to: chunk.compactMap { questions[$0] }, account)
        try await remember(results, of: chunk, store)
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
  }

  private func answers(
    to questions: [JudgeQuestion],
    _ account: RunAccount
  ) async -> [QuestionDesk.Outcome] {
    guard let paying = judge as? any PayingJudge else { return await judge.judge(questions) }
    return await paying.judge(questions, chargedTo: account)
  }

  private func remember(
    _ results: [QuestionDesk.Outcome],
    of keys: [VerdictKey],
    _ store: LabelStore
  ) async throws(LabelingError) {
    var paid: [KeyedVerdict] = []
    for (key, result) in zip(keys, results) {
      guard let question = questions[key], let verdict = try? result.get() else { continue }
      paid.append(KeyedVerdict(question, judge: judge, verdict: verdict))
    }
    try await store.save(paid)
  }
}

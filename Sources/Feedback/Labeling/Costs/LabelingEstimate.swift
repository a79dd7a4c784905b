/// What labelling some pairs will take, told before anything is sent.
package struct LabelingEstimate: Sendable, Equatable {
  /// Pairs.
  package var pairCount = 0
  /// Judgements wanted: pairs times principles.
  package var judgementCount = 0
  /// Questions for them: both orders, each question once.
  package var questionCount = 0
  /// Those among the questions that are answered already.
  package var knownCount = 0
  /// Requests that have to be sent; those that failed and go out again come on top.
  package var requestCount = 0
  /// Tokens to expect.
  package var expected = TokenUsage()
  /// Money to expect.
  package var expectedCost = Money.zero
  /// The most tokens there can be.
  package var worst = TokenUsage()
  /// The most money it can cost.
  package var worstCost = Money.zero
  /// Least time at the limits and, once answers were measured, at the usual pace; 0 without either.
  package var seconds = 0.0
  /// Earlier requests that the expectation rests on; without any it takes four bytes for a token.
  package var history = RequestHistory()

  /// Creates an estimate of nothing.
  package init() {}
}

/// A judge whose requests can be told in advance.
package protocol EstimatingJudge: PayingJudge {
  /// What its answered requests were like.
  func history() async throws(LabelingError) -> RequestHistory

  /// Adds what questions that have no verdict yet would take, counting requests in `seen` once.
  func addEstimate(
    of questions: [JudgeQuestion],
    to estimate: inout LabelingEstimate,
    seen: inout Set<RequestKey>
  ) async throws(LabelingError)

  /// The least time that an estimate's requests take.
  func seconds(for estimate: LabelingEstimate) -> Double
}

/// What one judge of a panel would be asked.
private struct EstimateShare {
  private let judge: any Judge
  private let estimating: (any EstimatingJudge)?
  private var estimate = LabelingEstimate()
  private var seenQuestions: Set<VerdictKey> = []
  private var seenRequests: Set<RequestKey> = []

  init(_ judge: any Judge) async throws {
    self.judge = judge
    estimating = judge as? any EstimatingJudge
    if let estimating { estimate.history = try await estimating.history() }
  }

  /// The estimate, with its time.
  var finished: LabelingEstimate {
    var result = estimate
    if let estimating { result.seconds = estimating.seconds(for: estimate) }
    return result
  }

  mutating func add(_ jobs: [LabelingRun.Job], store: LabelStore) async throws {
    var questions: [VerdictKey: JudgeQuestion] = [:]
    for job in jobs {
      for order in PresentationOrder.allCases {
        let question = JudgeQuestion(job.pair, principle: job.principle, order: order)
        let key = VerdictKey(question, judge: judge)
        if seenQuestions.insert(key).inserted { questions[key] = question }
      }
    }
    let known = try await store.verdicts(for: Array(questions.keys))
    estimate.questionCount += questions.count
    estimate.knownCount += known.count
    try await estimating?.addEstimate(
      of: questions.filter { known[$0.key] == nil }.map(\.value),
      to: &estimate,
      seen: &seenRequests
    )
  }
}

extension LabelingEstimate {
  /// Adds what another judge of the same panel would take; judges are asked at the same time.
  fileprivate mutating func add(_ other: LabelingEstimate) {
    questionCount += other.questionCount
    knownCount += other.knownCount
    requestCount += other.requestCount
    expected += other.expected
    expectedCost += other.expectedCost
    worst += other.worst
    worstCost += other.worstCost
    seconds = max(seconds, other.seconds)
    history.count += other.history.count
  }
}

extension LabelingEngine {
  /// What ``label(_:as:deliver:)`` would take for the same pairs and plan.
  package func estimate<Pairs: AsyncSequence & Sendable>(
    _ pairs: Pairs,
    as plan: LabelingPlan
  ) async throws -> LabelingEstimate where Pairs.Element == PreferencePair {
    try plan.check()
    var shares: [EstimateShare] = []
    for member in plan.panel.members { shares.append(try await EstimateShare(member)) }
    var estimate = LabelingEstimate()
    for try await pair in pairs {
      try pair.validate()
      let jobs = plan.jobs(for: pair)
      estimate.pairCount += 1
      estimate.judgementCount += jobs.count
      for index in shares.indices { try await shares[index].add(jobs, store: store) }
    }
    for share in shares { estimate.add(share.finished) }
    return estimate
  }
}

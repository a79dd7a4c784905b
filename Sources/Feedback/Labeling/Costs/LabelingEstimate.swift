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

extension LabelingEngine {
  /// What ``label(_:dataset:principles:judge:account:deliver:)`` would take for the same arguments.
  package func estimate<Pairs: AsyncSequence & Sendable>(
    _ pairs: Pairs,
    principles: [Principle],
    judge: any Judge
  ) async throws -> LabelingEstimate where Pairs.Element == PreferencePair {
    for principle in principles { try judge.check(principle) }
    var estimate = LabelingEstimate()
    let estimating = judge as? any EstimatingJudge
    if let estimating { estimate.history = try await estimating.history() }
    var seenQuestions: Set<VerdictKey> = []
    var seenRequests: Set<RequestKey> = []
    for try await pair in pairs {
      try pair.validate()
      estimate.pairCount += 1
      estimate.judgementCount += principles.count
      var questions: [VerdictKey: JudgeQuestion] = [:]
      for principle in principles {
        for order in PresentationOrder.allCases {
          let question = JudgeQuestion(pair, principle: principle, order: order)
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
    if let estimating { estimate.seconds = estimating.seconds(for: estimate) }
    return estimate
  }
}

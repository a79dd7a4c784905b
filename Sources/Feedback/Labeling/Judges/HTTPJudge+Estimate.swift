extension HTTPJudge: EstimatingJudge {
  /// What earlier requests to this model were like.
  package func history() async throws(LabelingError) -> RequestHistory {
    try await ledger.store.history(judgeID: id)
  }

  /// Adds the requests that no remembered answer makes needless.
  package func addEstimate(
    of questions: [JudgeQuestion],
    to estimate: inout LabelingEstimate,
    seen: inout Set<RequestKey>
  ) async throws(LabelingError) {
    let history = estimate.history
    var requests: [ChatRequest] = []
    for question in questions {
      let request = try request(question)
      if seen.insert(request.key).inserted { requests.append(request) }
    }
    let answered = try await ledger.store.answered(among: requests.map(\.key))
    estimate.knownCount += answered.count
    for request in requests where !answered.contains(request.key) {
      var expected = request.bound.expected(bytesPerToken: history.bytesPerToken)
      if history.count > 0 {
        expected.completionCount = min(
          expected.completionCount,
          Int(history.completionCount.rounded(.up))
        )
      }
      estimate.requestCount += 1
      estimate.expected += expected
      estimate.expectedCost += configuration.knownPrice.cost(of: expected)
      estimate.worst += request.bound.worst
      estimate.worstCost += configuration.knownPrice.worst(request.bound)
    }
  }

  /// The longest of what the limits and the usual pace make of it.
  package func seconds(for estimate: LabelingEstimate) -> Double {
    let requestCount = Double(estimate.requestCount)
    let paces = [
      configuration.requestsPerMinute.map { requestCount / Double($0) * 60 },
      configuration.tokensPerMinute.map { Double(estimate.expected.totalCount) / Double($0) * 60 },
      requestCount * estimate.history.seconds / Double(concurrencyMax),
    ]
    return paces.compactMap(\.self).max() ?? 0
  }
}

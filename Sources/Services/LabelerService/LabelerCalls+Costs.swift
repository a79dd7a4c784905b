internal import Labeling
internal import Messages
internal import RPC

// What things cost.
extension LabelerCalls {
  /// What was spent, and what is left of the budgets.
  func usage(_ request: UsageRequest, context: RPCServerContext) async throws -> UsageReply {
    let entries = try await engine.store.spending().filter {
      (request.runID.isEmpty || $0.runID == request.runID)
        && (request.judgeID.isEmpty || $0.judgeID == request.judgeID)
    }
    return UsageReply(
      entries: entries.map(UsageEntry.init),
      budgets: judges.budgets.map { BudgetState($0, ledger.spending($0.scope)) }
    )
  }
}

extension UsageEntry {
  /// The contract's form.
  init(_ entry: SpendingEntry) {
    self.init(
      runID: entry.runID,
      judgeID: entry.judgeID,
      principleID: entry.principleID,
      requests: UInt64(clamping: entry.requestCount),
      answered: UInt64(clamping: entry.answeredCount),
      uncertain: UInt64(clamping: entry.uncertainCount),
      promptTokens: UInt64(clamping: entry.usage.promptCount),
      cachedPromptTokens: UInt64(clamping: entry.usage.cachedPromptCount),
      completionTokens: UInt64(clamping: entry.usage.completionCount),
      cost: entry.cost.dollars,
      uncertainCost: entry.uncertainCost.dollars
    )
  }
}

extension BudgetState {
  /// The contract's form.
  init(_ budget: Budget, _ spending: Spending) {
    self.init(
      judgeID: budget.scope.id,
      maxCost: budget.costMax?.dollars ?? 0,
      spent: spending.cost.dollars,
      reserved: spending.reserved.dollars,
      maxRequests: UInt64(clamping: budget.requestCountMax ?? 0),
      requests: UInt64(clamping: spending.requestCount)
    )
  }
}

extension EstimateReply {
  /// The contract's form.
  init(_ estimate: LabelingEstimate, hasPrice: Bool) {
    self.init(
      pairs: UInt64(clamping: estimate.pairCount),
      judgements: UInt64(clamping: estimate.judgementCount),
      questions: UInt64(clamping: estimate.questionCount),
      known: UInt64(clamping: estimate.knownCount),
      requests: UInt64(clamping: estimate.requestCount),
      expectedPromptTokens: UInt64(clamping: estimate.expected.promptCount),
      expectedCompletionTokens: UInt64(clamping: estimate.expected.completionCount),
      expectedCost: estimate.expectedCost.dollars,
      mostPromptTokens: UInt64(clamping: estimate.worst.promptCount),
      mostCompletionTokens: UInt64(clamping: estimate.worst.completionCount),
      mostCost: estimate.worstCost.dollars,
      seconds: estimate.seconds,
      earlierRequests: UInt64(clamping: estimate.history.count),
      hasPrice: hasPrice
    )
  }
}

package import Messages
internal import RunReports

/// Costs as lines for a terminal.
package enum CostText {
  /// What labelling would take.
  package static func lines(_ estimate: EstimateReply) -> [String] {
    let basis =
      estimate.earlierRequests > 0
      ? "judged by \(estimate.earlierRequests) earlier requests" : "at four bytes a token"
    var lines = [
      "pairs      \(estimate.pairs)",
      "judgements \(estimate.judgements)",
      "questions  \(estimate.questions), of which \(estimate.known) are answered already",
      "requests   \(estimate.requests)",
    ]
    guard estimate.requests > 0 else { return lines + ["cost       nothing"] }
    lines += [
      "tokens     about \(estimate.expectedPromptTokens) in and \(estimate.expectedCompletionTokens) out "
        + "(\(basis)); at most \(estimate.mostPromptTokens) and \(estimate.mostCompletionTokens)",
      estimate.hasPrice
        ? "cost       about \(dollars(estimate.expectedCost)); at most \(dollars(estimate.mostCost))"
        : "cost       not known: the labeler's configuration has no price for this judge's model",
    ]
    if estimate.seconds > 0 {
      lines.append("time       at least \(Figure.duration(seconds: estimate.seconds))")
    }
    return lines
  }

  /// What was spent, as a table with a row for each run, judge and principle, and the budgets.
  package static func lines(_ usage: UsageReply) -> [String] {
    let table = TextTable(
      header: [
        "run", "judge", "principle", "requests", "answered", "lost", "tokens in", "cached", "out",
        "cost",
      ],
      rows: usage.entries.map { entry in
        [entry.runID, entry.judgeID, entry.principleID]
          + [
            entry.requests, entry.answered, entry.uncertain, entry.promptTokens,
            entry.cachedPromptTokens, entry.completionTokens,
          ].map(String.init)
          + [dollars(entry.cost)]
      },
      rightAligned: Set(3...9)
    )
    let total = usage.entries.reduce(0) { $0 + $1.cost }
    var lines = table.lines + ["total \(dollars(total))"]
    for budget in usage.budgets {
      let cost = budget.maxCost > 0 ? " of \(dollars(budget.maxCost))" : ""
      let requests = budget.maxRequests > 0 ? " of \(budget.maxRequests)" : ""
      lines.append(
        "budget of \(budget.judgeID): \(dollars(budget.spent))\(cost), \(budget.requests)\(requests) requests"
      )
    }
    return lines
  }

  /// An amount with four digits behind the point, more where they would all be zero.
  static func dollars(_ amount: Double) -> String {
    "$" + Figure.fixed(amount, amount > 0 && amount < 0.001 ? 6 : 4)
  }
}

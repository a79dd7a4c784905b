/// A hard limit on what a judge or a run may spend, over the whole life of the store.
package struct Budget: Sendable, Equatable {
  /// Whose spending is limited.
  package enum Scope: Sendable, Hashable, CustomStringConvertible {
    /// Everything that one judge was asked.
    case judge(String)
    /// Everything that was asked for one run.
    case run(String)

    /// Name of the judge or run.
    package var id: String {
      switch self {
      case .judge(let id), .run(let id): id
      }
    }

    package var description: String {
      switch self {
      case .judge(let id): "judge \(id)"
      case .run(let id): "run \(id)"
      }
    }
  }

  /// Whose spending.
  package var scope: Scope
  /// The most money.
  package var costMax: Money?
  /// The most requests, those that the endpoint refused included.
  package var requestCountMax: Int?

  /// Creates a budget; without either limit it limits nothing.
  package init(_ scope: Scope, costMax: Money? = nil, requestCountMax: Int? = nil) {
    self.scope = scope
    self.costMax = costMax
    self.requestCountMax = requestCountMax
  }
}

/// What was spent in one scope.
package struct Spending: Sendable, Equatable {
  /// Requests sent.
  package var requestCount = 0
  /// Money that answers cost, and that lost answers may have cost.
  package var cost = Money.zero
  /// The most that requests under way may cost.
  package var reserved = Money.zero
  /// Requests under way or about to be.
  package var openCount = 0
}

/// Whom requests are charged to: one call of the labeler, with the run's own budget.
package struct RunAccount: Sendable, Equatable {
  /// Name of the run.
  package var runID: String
  /// The run's limits, if it has any.
  package var budget: Budget?

  /// For requests that belong to no run.
  package static let none = RunAccount(runID: "")

  /// Creates the account of a run.
  package init(runID: String, costMax: Money? = nil, requestCountMax: Int? = nil) {
    self.runID = runID
    let isLimited = costMax != nil || requestCountMax != nil
    budget =
      isLimited
      ? Budget(.run(runID), costMax: costMax, requestCountMax: requestCountMax) : nil
  }
}

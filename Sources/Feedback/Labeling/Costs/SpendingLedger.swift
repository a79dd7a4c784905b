internal import Synchronization

/// Keeps every judge and run within its budgets, across workers, calls and restarts.
///
/// Before a request is sent, the most that it may cost is set aside and written down; when its end is
/// known, what it did cost takes that place. So a budget stops what would pass it, not what has, and
/// a process that dies cannot forget what it had under way.
package final class SpendingLedger: Sendable {
  /// Money set aside for one request.
  struct Reservation: Sendable {
    fileprivate let charge: Charge
  }

  private struct State {
    var spending: [Budget.Scope: Spending] = [:]
    var nextID: UInt64 = 0
    var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
  }

  private enum Decision {
    case granted
    case refused(LabelingError)
    case wait
  }

  /// Where requests are recorded.
  package let store: LabelStore
  /// Requests that an earlier process had under way when it died.
  package let abandonedCount: Int
  private let state: Mutex<State>

  /// Opens the books of a store.
  package init(store: LabelStore) throws(LabelingError) {
    self.store = store
    abandonedCount = try store.abandonOpenRequests()
    var spending: [Budget.Scope: Spending] = [:]
    for entry in try store.spendingNow() {
      for scope in [Budget.Scope.judge(entry.judgeID), .run(entry.runID)] {
        spending[scope, default: Spending()].requestCount += entry.requestCount
        spending[scope, default: Spending()].cost += entry.cost
      }
    }
    state = Mutex(State(spending: spending))
  }

  /// What a judge or run has spent, what is under way included.
  package func spending(_ scope: Budget.Scope) -> Spending {
    state.withLock { $0.spending[scope] ?? Spending() }
  }

  /// Sets aside what a request may cost, or says which budget does not allow it.
  ///
  /// When the money would suffice if requests under way turned out cheaper than their worst case, it
  /// waits for them.
  ///
  /// - Throws: `LabelingError.budgetExhausted`, or `.cancelled` while it waits.
  func reserve(
    _ charge: Charge,
    within budgets: [Budget]
  ) async throws(LabelingError) -> Reservation {
    while true {
      let decision = state.withLock { Self.decide(charge, budgets, &$0) }
      switch decision {
      case .granted: return Reservation(charge: charge)
      case .refused(let error): throw error
      case .wait: try await waitForSettlement(charge, budgets)
      }
    }
  }

  /// Writes down that a request goes out now; durable when it returns.
  func open(_ reservation: Reservation) async throws(LabelingError) -> Int64 {
    do throws(LabelingError) {
      return try await store.open(reservation.charge)
    } catch {
      release(reservation, cost: .zero, wasSent: false)
      throw error
    }
  }

  /// Gives back what was set aside for a request that was not sent after all.
  func cancel(_ reservation: Reservation) {
    release(reservation, cost: .zero, wasSent: false)
  }

  /// Writes down what became of a request that was sent.
  func settle(
    _ reservation: Reservation,
    _ id: Int64,
    _ settlement: Settlement
  ) async throws(LabelingError) {
    let cost: Money =
      switch settlement {
      case .answered(_, let cost, _, _): cost
      case .refused: .zero
      case .uncertain: reservation.charge.worstCost
      }
    defer { release(reservation, cost: cost, wasSent: true) }
    try await store.settle(id, key: reservation.charge.key, settlement)
  }

  /// Charges a whole batch at its worst, or says which budget does not allow it.
  ///
  /// A batch takes up to a day, so nothing waits for others to turn out cheaper.
  func book(_ charges: [Charge], within budgets: [Budget]) throws(LabelingError) {
    let worst = charges.reduce(Money.zero) { $0 + $1.worstCost }
    let refusal = state.withLock { state -> LabelingError? in
      for budget in budgets {
        let spent = state.spending[budget.scope] ?? Spending()
        if let limit = budget.requestCountMax, spent.requestCount + charges.count > limit {
          return .budgetExhausted(
            budget: "max_requests of \(budget.scope)",
            spent: "\(spent.requestCount), and the batch has \(charges.count)",
            limit: "\(limit)"
          )
        }
        if let limit = budget.costMax, spent.cost + spent.reserved + worst > limit {
          return .budgetExhausted(
            budget: "max_cost of \(budget.scope)",
            spent: "\((spent.cost + spent.reserved).text), and the batch may cost \(worst.text)",
            limit: limit.text
          )
        }
      }
      for charge in charges {
        Self.change(charge, &state) {
          $0.cost += charge.worstCost
          $0.requestCount += 1
        }
      }
      return nil
    }
    if let refusal { throw refusal }
  }

  /// Replaces the worst case of a request of a batch by what it did cost.
  func correct(judgeID: String, runID: String, booked: Money, cost: Money) {
    state.withLock { state in
      for scope in [Budget.Scope.judge(judgeID), .run(runID)] {
        state.spending[scope, default: Spending()].cost -= booked
        state.spending[scope, default: Spending()].cost += cost
      }
    }
  }

  /// Takes back the charges of a batch that was not even stored.
  func unbook(_ charges: [Charge]) {
    state.withLock { state in
      for charge in charges {
        Self.change(charge, &state) {
          $0.cost -= charge.worstCost
          $0.requestCount -= 1
        }
      }
    }
  }

  private static func change(
    _ charge: Charge,
    _ state: inout State,
    _ body: (inout Spending) -> Void
  ) {
    for scope in scopes(charge) { body(&state.spending[scope, default: Spending()]) }
  }

  private static func decide(
    _ charge: Charge,
    _ budgets: [Budget],
    _ state: inout State
  ) -> Decision {
    var mustWait = false
    for budget in budgets {
      let spent = state.spending[budget.scope] ?? Spending()
      if let limit = budget.requestCountMax, spent.requestCount >= limit {
        return .refused(
          .budgetExhausted(
            budget: "max_requests of \(budget.scope)",
            spent: "\(spent.requestCount)",
            limit: "\(limit)"
          )
        )
      }
      guard let limit = budget.costMax, spent.cost + spent.reserved + charge.worstCost > limit
      else {
        continue
      }
      if spent.openCount == 0 || spent.cost + charge.worstCost > limit {
        return .refused(
          .budgetExhausted(
            budget: "max_cost of \(budget.scope)",
            spent: "\(spent.cost.text), and the next request may cost \(charge.worstCost.text)",
            limit: limit.text
          )
        )
      }
      mustWait = true
    }
    if mustWait { return .wait }
    for scope in scopes(charge) {
      state.spending[scope, default: Spending()].requestCount += 1
      state.spending[scope, default: Spending()].reserved += charge.worstCost
      state.spending[scope, default: Spending()].openCount += 1
    }
    return .granted
  }

  private static func scopes(_ charge: Charge) -> [Budget.Scope] {
    [.judge(charge.judgeID), .run(charge.runID)]
  }

  private func release(_ reservation: Reservation, cost: Money, wasSent: Bool) {
    let waiting = state.withLock { state in
      for scope in Self.scopes(reservation.charge) {
        state.spending[scope, default: Spending()].reserved -= reservation.charge.worstCost
        state.spending[scope, default: Spending()].cost += cost
        state.spending[scope, default: Spending()].openCount -= 1
        if !wasSent { state.spending[scope, default: Spending()].requestCount -= 1 }
      }
      defer { state.waiting = [:] }
      return state.waiting.values
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Waits until some request is settled, unless one was since the decision to wait.
  private func waitForSettlement(
    _ charge: Charge,
    _ budgets: [Budget]
  ) async throws(LabelingError) {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let mustWait = state.withLock { state in
          let isUnderWay = budgets.contains { (state.spending[$0.scope]?.openCount ?? 0) > 0 }
          guard isUnderWay, !Task.isCancelled else { return false }
          state.waiting[id] = continuation
          return true
        }
        if !mustWait { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
    }
    if Task.isCancelled { throw .cancelled }
  }
}

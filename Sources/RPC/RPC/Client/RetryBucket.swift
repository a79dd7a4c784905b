internal import Synchronization

/// The tokens of a client's `RPCRetryBudget`.
final class RetryBucket: Sendable {
  /// In thousandths of a token, so that a success is one atomic addition.
  private let tokens: Atomic<Int>
  private let tokensMax: Int
  private let refill: Int

  /// A full bucket.
  init(_ budget: RPCRetryBudget) {
    tokensMax = RetryBucket.thousandths(budget.tokensMax)
    refill = RetryBucket.thousandths(budget.refill)
    tokens = Atomic(tokensMax)
  }

  /// A call went well.
  func succeeded() {
    guard tokens.load(ordering: .relaxed) < tokensMax else { return }
    let (_, new) = tokens.wrappingAdd(refill, ordering: .relaxed)
    if new > tokensMax { tokens.store(tokensMax, ordering: .relaxed) }
  }

  /// A server failed a call, or a call was sent a second time; says whether another may be sent.
  func draw() -> Bool {
    guard tokensMax > 0 else { return true }
    let (_, new) = tokens.wrappingSubtract(1_000, ordering: .relaxed)
    if new < 0 { tokens.store(0, ordering: .relaxed) }
    return new > tokensMax / 2
  }

  private static func thousandths(_ value: Double) -> Int {
    Int(min(max(value, 0), 1_000_000) * 1_000)
  }
}

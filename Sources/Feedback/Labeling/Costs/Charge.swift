/// One request that is going to cost something, and whom it is charged to.
package struct Charge: Sendable {
  /// Names the request, so that the same one is found again.
  var key: RequestKey
  /// The run it belongs to.
  var runID: String
  /// The judge that is asked.
  var judgeID: String
  /// The principle that is asked about.
  var principleID: String
  /// How many tokens it may have.
  var bound: TokenBound
  /// The most it may cost.
  var worstCost: Money
}

/// What became of a request.
enum Settlement: Sendable {
  /// The endpoint answered, with a completion unless the answer was unreadable.
  case answered(TokenUsage?, cost: Money, seconds: Double, ChatCompletion?)
  /// The endpoint said that it did nothing.
  case refused
  /// Nobody knows whether the endpoint did its work: it counts as if it had.
  case uncertain
}

/// How far a recorded request has come; the numbers are in stores.
enum RequestState: Int, Sendable {
  /// Sent, no answer yet; of a process that died nobody knows more.
  case open = 0
  case answered = 1
  case refused = 2
  case uncertain = 3
  /// Part of a batch that is not finished.
  case batched = 4
}

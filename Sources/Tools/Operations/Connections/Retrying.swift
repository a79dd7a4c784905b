internal import RPC

/// Calls again when a service is away, says so, and gives up after a limit.
package struct Retrying: Sendable {
  /// Longest time without any success.
  package var limit: Duration = .seconds(600)
  /// Waits before the second, third… try; the last repeats.
  package var waits: [Duration] = [.seconds(1), .seconds(2), .seconds(4), .seconds(8)]
  /// Told when a call failed and will be made again, and when it then went on.
  package var notice: @Sendable (Notice) throws -> Void

  /// What happened to a call.
  package enum Notice: Sendable {
    case waiting(call: String, reason: String)
    case recovered(call: String, after: Duration)
  }

  /// Takes what is told of waits and recoveries.
  package init(notice: @escaping @Sendable (Notice) throws -> Void) {
    self.notice = notice
  }

  /// Makes a call until it succeeds, fails for another reason than absence, or the limit is over.
  ///
  /// `succeeded` may be called inside to say that the call works, which starts the limit anew: a
  /// stream that ran for an hour and broke has not been failing for an hour.
  package func callAsFunction<Result: Sendable>(
    _ call: String,
    _ body: (_ succeeded: () throws -> Void) async throws -> Result
  ) async throws -> Result {
    var failingSince: ContinuousClock.Instant?
    var tries = 0
    while true {
      do {
        let result = try await body {
          guard let since = failingSince else { return }
          failingSince = nil
          tries = 0
          try notice(.recovered(call: call, after: ContinuousClock.now - since))
        }
        if let since = failingSince {
          try notice(.recovered(call: call, after: ContinuousClock.now - since))
        }
        return result
      } catch let error as RPCError where error.code == .unavailable {
        let now = ContinuousClock.now
        let since = failingSince ?? now
        if failingSince == nil { try notice(.waiting(call: call, reason: error.message)) }
        failingSince = since
        if now - since > limit {
          throw OperationsError.failed(
            "\(call): gave up after \(limit.components.seconds) s without an answer: \(error)"
          )
        }
        try await Task.sleep(for: waits[min(tries, waits.count - 1)])
        tries += 1
      }
    }
  }
}

/// How one call went, for logs, metrics and traces.
public struct RPCCallRecord: Sendable {
  /// Which side tells.
  public enum Side: Sendable, Hashable {
    /// The call was made here.
    case client
    /// The call was answered here.
    case server
  }

  /// Which side tells.
  public let side: Side
  /// The method called.
  public let method: RPCMethod
  /// The endpoints of the client, or who called the server.
  public let peer: String
  /// From the caller's wish, or the handler's start, to the outcome.
  public let duration: Duration
  /// Nil when all went well.
  public let error: RPCError?
  /// The span of the call; nil outside of traces.
  public let trace: RPCTraceContext?
  /// The span that the call belongs to; empty when it began the trace.
  public let parentSpanID: String

  /// Runs `body` and tells `record` how it went.
  static func around<Outcome>(
    _ side: Side,
    _ method: RPCMethod,
    peer: String,
    trace: RPCTraceContext?,
    parentSpanID: String = "",
    _ record: (RPCCallRecord) -> Void,
    _ body: () async throws -> Outcome
  ) async throws -> Outcome {
    let start = ContinuousClock.now
    func tell(_ error: RPCError?) {
      record(
        RPCCallRecord(
          side: side,
          method: method,
          peer: peer,
          duration: ContinuousClock.now - start,
          error: error,
          trace: trace,
          parentSpanID: parentSpanID
        )
      )
    }
    do {
      let outcome = try await body()
      tell(nil)
      return outcome
    } catch {
      tell(RPCError(thrownByHandler: error))
      throw error
    }
  }
}

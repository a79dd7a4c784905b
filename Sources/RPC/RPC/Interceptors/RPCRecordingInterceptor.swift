public import Logging

/// Tells how every call went: to a log, to metrics, to whatever counts.
public struct RPCRecordingInterceptor: RPCClientInterceptor, RPCServerInterceptor {
  private let record: @Sendable (RPCCallRecord) -> Void

  /// Calls `record` at the end of each call.
  public init(_ record: @escaping @Sendable (RPCCallRecord) -> Void) {
    self.record = record
  }

  /// Logs each call at debug level, failed ones at the level given.
  public static func logging(
    _ logger: Logger,
    failures: Logger.Level = .debug
  ) -> RPCRecordingInterceptor {
    RPCRecordingInterceptor { call in
      var metadata: Logger.Metadata = [
        "rpc.method": "\(call.method.fullName)", "rpc.peer": "\(call.peer)",
        "rpc.duration": "\(call.duration)",
      ]
      if let trace = call.trace { metadata["rpc.trace"] = "\(trace.traceID)" }
      if let error = call.error {
        metadata["rpc.code"] = "\(error.code)"
        metadata["rpc.reason"] = "\(error.message)"
      }
      let level = call.error == nil ? .debug : failures
      logger.log(
        level: level,
        call.side == .client ? "call made" : "call answered",
        metadata: metadata
      )
    }
  }

  /// Runs around a call of a client.
  public func intercept<Outcome>(
    _ call: RPCClientCallInfo,
    _ next: (RPCClientCallInfo) async throws -> Outcome
  ) async throws -> Outcome {
    try await RPCCallRecord.around(
      .client,
      call.method,
      peer: call.target,
      trace: RPCTraceContext.current,
      record
    ) { try await next(call) }
  }

  /// Runs around a handler of a server.
  public func intercept<Outcome>(
    _ context: RPCServerContext,
    _ next: (RPCServerContext) async throws -> Outcome
  ) async throws -> Outcome {
    try await RPCCallRecord.around(
      .server,
      context.method,
      peer: context.peer.identity?.commonName ?? context.peer.address,
      trace: RPCTraceContext.current,
      record
    ) { try await next(context) }
  }
}

/// Carries traces across calls: W3C Trace Context in metadata.
///
/// At a server the caller's context becomes `RPCTraceContext.current` of the handler's task; at a
/// client the current context goes out with each call. Given to both, a trace goes through every
/// service that a request touches.
public struct RPCTracingInterceptor: RPCClientInterceptor, RPCServerInterceptor {
  private let beginsTraces: Bool
  private let record: @Sendable (RPCCallRecord) -> Void

  /// Takes what gets each finished span.
  ///
  /// - Parameters:
  ///   - beginsTraces: whether calls outside of any trace begin one; otherwise they have none.
  ///   - record: gets each span when it has ended.
  public init(
    beginsTraces: Bool = false,
    record: @escaping @Sendable (RPCCallRecord) -> Void = { _ in }
  ) {
    self.beginsTraces = beginsTraces
    self.record = record
  }

  /// Sends the current context along.
  public func intercept<Outcome>(
    _ call: RPCClientCallInfo,
    _ next: (RPCClientCallInfo) async throws -> Outcome
  ) async throws -> Outcome {
    let parent = RPCTraceContext.current
    guard let span = span(after: parent) else { return try await next(call) }
    var traced = call
    traced.options.metadata[RPCTraceContext.parentKey] = span.traceparent
    traced.options.metadata[RPCTraceContext.stateKey] = span.state.isEmpty ? nil : span.state
    return try await RPCCallRecord.around(
      .client,
      call.method,
      peer: call.target,
      trace: span,
      parentSpanID: parent?.spanID ?? "",
      record
    ) { try await next(traced) }
  }

  /// Makes the caller's context the handler's.
  public func intercept<Outcome>(
    _ context: RPCServerContext,
    _ next: (RPCServerContext) async throws -> Outcome
  ) async throws -> Outcome {
    let parent = context.metadata[RPCTraceContext.parentKey].flatMap {
      RPCTraceContext(
        traceparent: $0,
        tracestate: context.metadata[RPCTraceContext.stateKey] ?? ""
      )
    }
    guard let span = span(after: parent) else { return try await next(context) }
    return try await RPCTraceContext.$current.withValue(span) {
      try await RPCCallRecord.around(
        .server,
        context.method,
        peer: context.peer.identity?.commonName ?? context.peer.address,
        trace: span,
        parentSpanID: parent?.spanID ?? "",
        record
      ) { try await next(context) }
    }
  }

  private func span(after parent: RPCTraceContext?) -> RPCTraceContext? {
    if let parent { return parent.child() }
    return beginsTraces ? RPCTraceContext.root() : nil
  }
}

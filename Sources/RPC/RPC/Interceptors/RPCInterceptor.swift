/// What an interceptor knows of a call that a client is about to make.
public struct RPCClientCallInfo: Sendable {
  /// The method called.
  public let method: RPCMethod
  /// The endpoints it may go to, as logs name them.
  public let target: String
  /// Timeout and metadata; an interceptor may pass on others.
  public var options: RPCCallOptions
}

/// Runs around every call of a client: for logs, metrics, traces and credentials.
///
/// A call is seen once, however often it is sent (`RPCRetryPolicy`). A stream lasts as long as the
/// body that reads it.
public protocol RPCClientInterceptor: Sendable {
  /// Makes the call with `next`, perhaps with other options, or throws instead.
  func intercept<Outcome>(
    _ call: RPCClientCallInfo,
    _ next: (RPCClientCallInfo) async throws -> Outcome
  ) async throws -> Outcome
}

/// Runs around every handler of a server: for logs, metrics, traces and permissions.
public protocol RPCServerInterceptor: Sendable {
  /// Runs the handler with `next`, or throws instead.
  func intercept<Outcome>(
    _ context: RPCServerContext,
    _ next: (RPCServerContext) async throws -> Outcome
  ) async throws -> Outcome
}

extension [any RPCClientInterceptor] {
  /// Makes a call inside all of them, the first outermost.
  func around<Outcome>(
    _ call: RPCClientCallInfo,
    _ body: (RPCClientCallInfo) async throws -> Outcome
  ) async throws -> Outcome {
    try await run(self[...], call, body)
  }

  private func run<Outcome>(
    _ rest: ArraySlice<any RPCClientInterceptor>,
    _ call: RPCClientCallInfo,
    _ body: (RPCClientCallInfo) async throws -> Outcome
  ) async throws -> Outcome {
    guard let first = rest.first else { return try await body(call) }
    return try await first.intercept(call) { try await run(rest.dropFirst(), $0, body) }
  }
}

extension [any RPCServerInterceptor] {
  /// Runs a handler inside all of them, the first outermost.
  func around<Outcome>(
    _ context: RPCServerContext,
    _ body: (RPCServerContext) async throws -> Outcome
  ) async throws -> Outcome {
    try await run(self[...], context, body)
  }

  private func run<Outcome>(
    _ rest: ArraySlice<any RPCServerInterceptor>,
    _ context: RPCServerContext,
    _ body: (RPCServerContext) async throws -> Outcome
  ) async throws -> Outcome {
    guard let first = rest.first else { return try await body(context) }
    return try await first.intercept(context) { try await run(rest.dropFirst(), $0, body) }
  }
}

internal import LargeMemory
public import Logging
internal import NIOCore
public import ProtobufRuntime
internal import RPCWire

/// Calls the methods of one service, at one or several endpoints; generated clients forward to it.
///
/// Connects with the first call and again whenever a connection was lost. One connection carries many
/// calls; make one client per service and share it.
public final class RPCClient: Sendable {
  /// Where it connects to.
  public let targets: [RPCTarget]
  let pool: EndpointPool
  let configuration: RPCClientConfiguration
  let surroundings: ClientSurroundings
  let bucket: RetryBucket

  /// A client that connects with its first call.
  ///
  /// - Parameters:
  ///   - targets: the endpoints of the service; calls are spread over those that are healthy.
  ///   - tls: identity and trust; nil is plain TCP, for tests on loopback.
  ///   - configuration: limits, retries, timeouts.
  ///   - logger: gets connection events at debug level.
  public convenience init(
    targets: [RPCTarget],
    tls: TLSConfiguration?,
    configuration: RPCClientConfiguration = RPCClientConfiguration(),
    logger: Logger
  ) {
    self.init(
      targets: targets,
      tls: tls,
      configuration: configuration,
      logger: logger,
      surroundings: .system
    )
  }

  /// The same for one endpoint.
  public convenience init(
    target: RPCTarget,
    tls: TLSConfiguration?,
    configuration: RPCClientConfiguration = RPCClientConfiguration(),
    logger: Logger
  ) {
    self.init(targets: [target], tls: tls, configuration: configuration, logger: logger)
  }

  /// The same with a clock, a generator and a resolver of the caller's.
  package init(
    targets: [RPCTarget],
    tls: TLSConfiguration?,
    configuration: RPCClientConfiguration,
    logger: Logger,
    surroundings: ClientSurroundings
  ) {
    self.targets = targets
    self.configuration = configuration
    self.surroundings = surroundings
    bucket = RetryBucket(configuration.retryBudget)
    pool = EndpointPool(
      targets: targets,
      tls: tls,
      configuration: configuration,
      surroundings: surroundings,
      logger: logger
    )
  }

  /// The executor of a connection's loop; nil when there are several endpoints and none is known yet.
  ///
  /// A task that prefers it (`withTaskExecutorPreference`) makes its calls without changing threads;
  /// such a task must not block.
  public var taskExecutor: (any TaskExecutor)? { pool.loop }

  /// Sends one request and returns the one reply.
  ///
  /// Retries by itself only where nothing can happen twice (see `RPCRetryPolicy`).
  ///
  /// - Throws: `RPCError` with the status of the call, or why it could not be made.
  public func unary<Request: ProtobufMessage, Reply: ProtobufMessage>(
    _ method: RPCMethod,
    _ request: Request,
    options: RPCCallOptions = RPCCallOptions()
  ) async throws(RPCError) -> Reply {
    guard !configuration.interceptors.isEmpty else {
      return try await unaryCall(method, request, options)
    }
    do {
      return try await intercepted(method, options) { options in
        try await unaryCall(method, request, options)
      }
    } catch {
      throw RPCError(thrownByHandler: error)
    }
  }

  /// Sends one request and lends the stream of replies to `body`.
  ///
  /// The call ends when `body` returns or throws: replies it has not read are given up.
  ///
  /// - Throws: what `body` throws, or `RPCError` when the call could not be made. An error status
  ///   comes out of the stream.
  public func serverStreaming<Request: ProtobufMessage, Reply: ProtobufMessage, Result>(
    _ method: RPCMethod,
    _ request: Request,
    options: RPCCallOptions = RPCCallOptions(),
    _ body: (RPCStream<Reply>) async throws -> Result
  ) async throws -> Result {
    let bytes = try RPCClient.encode(request)
    return try await intercepted(method, options) { options in
      let calls = StreamingCalls(client: self, method: method, options: options, request: bytes)
      let inbound = try await calls.begin()
      defer { calls.end() }
      return try await body(
        RPCStream(
          inbound,
          limits: configuration.limits.decoding,
          undecodable: .internal,
          reopen: { error throws(RPCError) in try await calls.reopen(after: error) }
        )
      )
    }
  }

  /// Lends a writer for requests to `produce` and returns the one reply.
  ///
  /// When `produce` returns, the requests are ended and the reply awaited. When the server answers
  /// early, the writer throws and the answer counts.
  ///
  /// - Throws: what `produce` throws while the call is open, or `RPCError`.
  public func clientStreaming<Request: ProtobufMessage, Reply: ProtobufMessage>(
    _ method: RPCMethod,
    options: RPCCallOptions = RPCCallOptions(),
    _ produce: (RPCWriter<Request>) async throws -> Void
  ) async throws -> Reply {
    try await intercepted(method, options) { options in
      let deadline = deadline(method, options)
      let lease = try await connect(method, by: deadline)
      defer { lease.end() }
      let connection = lease.connection
      let outbound = OutboundMessages(loop: connection.loop)
      let call = UnaryCall(
        method: method,
        metadata: options.metadata.wireEntries,
        deadline: deadline,
        firstMessage: nil,
        replyBytesMax: configuration.limits.decoding.byteCountMax,
        outbound: outbound
      )
      connection.loop.run { connection.start(call) }
      do {
        try await produce(RPCWriter<Request>(outbound))
      } catch {
        // The server may have ended the call, and its word says more than the writer's failure.
        guard error is RPCError, await connection.isOver(call) else {
          connection.loop.run { connection.cancel(call) }
          throw error
        }
      }
      outbound.finish()
      let reply: Reply = try decode(
        try await RPCClient.outcome(of: call, on: connection, starts: false)
      )
      bucket.succeeded()
      return reply
    }
  }

  /// Lends a writer for requests and a stream of replies to `body`.
  ///
  /// `body` ends its requests with `writer.finish()`. The call ends when `body` returns or throws:
  /// replies it has not read are given up.
  ///
  /// - Throws: what `body` throws, or `RPCError` when the call could not be made. An error status
  ///   comes out of the stream and the writer.
  public func bidirectional<Request: ProtobufMessage, Reply: ProtobufMessage, Result>(
    _ method: RPCMethod,
    options: RPCCallOptions = RPCCallOptions(),
    _ body: (RPCWriter<Request>, RPCStream<Reply>) async throws -> Result
  ) async throws -> Result {
    try await intercepted(method, options) { options in
      let calls = StreamingCalls(client: self, method: method, options: options, request: nil)
      let inbound = try await calls.begin()
      defer { calls.end() }
      guard let outbound = calls.outbound else { throw ClientConnection.cancelled }
      return try await body(
        RPCWriter<Request>(outbound),
        RPCStream(inbound, limits: configuration.limits.decoding, undecodable: .internal)
      )
    }
  }

  /// Ends all calls and closes the connections.
  public func close() async { await pool.close() }

  // MARK: For the other files of the client

  /// Runs the interceptors around a call.
  private func intercepted<Outcome>(
    _ method: RPCMethod,
    _ options: RPCCallOptions,
    _ body: (RPCCallOptions) async throws -> Outcome
  ) async throws -> Outcome {
    guard !configuration.interceptors.isEmpty else { return try await body(options) }
    let call = RPCClientCallInfo(
      method: method,
      target: targets.map(\.description).joined(separator: ","),
      options: options
    )
    return try await configuration.interceptors.around(call) { try await body($0.options) }
  }

  /// When the caller's time runs out.
  func deadline(_ method: RPCMethod, _ options: RPCCallOptions) -> NIODeadline? {
    let isStream = method.kind == .serverStreaming || method.kind == .bidirectional
    let timeout =
      options.timeout ?? configuration.policy(for: method)?.timeout
      ?? (isStream ? configuration.streamTimeout : configuration.defaultTimeout)
    return timeout.map { .now() + TimeAmount($0) }
  }

  /// Waits for the outcome of a call, which may have to be started first.
  static func outcome(
    of call: UnaryCall,
    on connection: ClientConnection,
    starts: Bool
  ) async throws(RPCError) -> [UInt8] {
    await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { (waiter: UnsafeContinuation<Void, Never>) in
        // No closure for a caller on the loop, which is the fast way.
        if connection.loop.isCurrent {
          unsafe call.wait(waiter)
          if starts { connection.start(call) }
          return
        }
        let waiter = unsafe SendableWaiter(continuation: waiter)
        connection.loop.runLater {
          unsafe call.wait(waiter.continuation)
          if starts { connection.start(call) }
        }
      }
    } onCancel: {
      connection.loop.runLater { connection.cancel(call) }
    }
    return try call.outcome()
  }

  /// SAFETY: a continuation may be resumed from any thread.
  @safe
  private struct SendableWaiter: @unchecked Sendable {
    let continuation: UnsafeContinuation<Void, Never>
  }

  func decode<Reply: ProtobufMessage>(_ bytes: [UInt8]) throws(RPCError) -> Reply {
    do throws(MessageError) {
      return try Reply(protobuf: bytes, limits: configuration.limits.decoding)
    } catch {
      throw RPCError(
        code: .internal,
        message: "the reply cannot be decoded: \(error)",
        cause: error
      )
    }
  }

  static func encode(_ message: some ProtobufMessage) throws(RPCError) -> ScatteredBytes {
    do throws(MessageError) {
      return try message.scattered()
    } catch {
      throw RPCError(
        code: .invalidArgument,
        message: "the request cannot be encoded: \(error)",
        cause: error
      )
    }
  }
}

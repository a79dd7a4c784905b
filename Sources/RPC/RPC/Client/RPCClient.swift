public import Logging
internal import NIOCore
public import ProtobufRuntime
internal import RPCWire

/// Calls the methods of one service endpoint; generated clients forward to it.
///
/// Connects with the first call and again whenever the connection was lost. One connection carries
/// all calls; make one client per endpoint and share it.
public final class RPCClient: Sendable {
  /// Where it connects to.
  public let target: RPCTarget
  private let holder: ConnectionHolder
  private let configuration: RPCClientConfiguration

  /// A client that connects with its first call.
  ///
  /// - Parameters:
  ///   - target: host and port.
  ///   - tls: identity and trust; nil is plain TCP, for tests on loopback.
  ///   - configuration: limits, retries, timeouts.
  ///   - logger: gets connection events at debug level.
  public init(
    target: RPCTarget,
    tls: TLSConfiguration?,
    configuration: RPCClientConfiguration = RPCClientConfiguration(),
    logger: Logger
  ) {
    self.target = target
    self.configuration = configuration
    self.holder = ConnectionHolder(
      target: target,
      tls: tls,
      configuration: configuration,
      logger: logger
    )
  }

  /// The executor of the connection's loop.
  ///
  /// A task that prefers it (`withTaskExecutorPreference`) makes its calls without changing threads;
  /// such a task must not block.
  public var taskExecutor: any TaskExecutor { holder.loop }

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
    let deadline = deadline(options)
    let metadata = options.metadata.wireEntries
    var failures = 0
    while true {
      do throws(RPCError) {
        let connection = try await holder.connection(by: deadline)
        let call = UnaryCall(
          method: method,
          metadata: metadata,
          deadline: deadline,
          firstMessage: try RPCClient.encode(request)
        )
        return try decode(try await RPCClient.outcome(of: call, on: connection, starts: true))
      } catch {
        failures += 1
        try await pauseBeforeRetry(method, error, failures: failures, deadline: deadline)
      }
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
    return try await streaming(method, firstMessage: bytes, outbound: nil, options) { stream in
      try await body(stream)
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
    let deadline = deadline(options)
    let connection = try await holder.connection(by: deadline)
    let outbound = OutboundMessages(loop: connection.loop)
    let call = UnaryCall(
      method: method,
      metadata: options.metadata.wireEntries,
      deadline: deadline,
      firstMessage: nil,
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
    return try decode(try await RPCClient.outcome(of: call, on: connection, starts: false))
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
    let outbound = OutboundMessages(loop: holder.loop)
    return try await streaming(method, firstMessage: nil, outbound: outbound, options) { stream in
      try await body(RPCWriter<Request>(outbound), stream)
    }
  }

  /// Ends all calls and closes the connection.
  public func close() async { await holder.close() }

  // MARK: Private

  private func streaming<Reply: ProtobufMessage, Result>(
    _ method: RPCMethod,
    firstMessage: [UInt8]?,
    outbound: OutboundMessages?,
    _ options: RPCCallOptions,
    _ body: (RPCStream<Reply>) async throws -> Result
  ) async throws -> Result {
    let deadline = deadline(options)
    let connection = try await holder.connection(by: deadline)
    let inbound = InboundMessages()
    let call = StreamingCall(
      method: method,
      metadata: options.metadata.wireEntries,
      deadline: deadline,
      firstMessage: firstMessage,
      inbound: inbound,
      outbound: outbound
    )
    inbound.onTaken { [weak call] cost in
      connection.loop.run { [weak call] in
        if let callID = call?.callID { connection.taken(callID, cost: cost) }
      }
    }
    connection.loop.run { connection.start(call) }
    defer {
      connection.loop.run { connection.cancel(call) }
    }
    return try await body(
      RPCStream(inbound, limits: configuration.limits.decoding, undecodable: .internal)
    )
  }

  /// Waits for the outcome of a call, which may have to be started first.
  private static func outcome(
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

  private func decode<Reply: ProtobufMessage>(_ bytes: [UInt8]) throws(RPCError) -> Reply {
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

  private static func encode(_ message: some ProtobufMessage) throws(RPCError) -> [UInt8] {
    do throws(MessageError) {
      return try message.encoded()
    } catch {
      throw RPCError(
        code: .invalidArgument,
        message: "the request cannot be encoded: \(error)",
        cause: error
      )
    }
  }

  private func deadline(_ options: RPCCallOptions) -> NIODeadline? {
    (options.timeout ?? configuration.defaultTimeout).map { .now() + TimeAmount($0) }
  }

  /// Returns when the call may be tried again; throws the failure when it may not.
  private func pauseBeforeRetry(
    _ method: RPCMethod,
    _ error: RPCError,
    failures: Int,
    deadline: NIODeadline?
  ) async throws(RPCError) {
    let isSafe = error.isUnprocessed || (method.isIdempotent && error.code == .unavailable)
    guard isSafe, failures < configuration.retry.attemptsMax else { throw error }
    let pause = configuration.retry.pause(
      afterFailures: failures,
      jitter: Double.random(in: 0...1)
    )
    if let deadline, NIODeadline.now() + TimeAmount(pause) >= deadline { throw error }
    do {
      try await Task.sleep(for: pause)
    } catch {
      throw ClientConnection.cancelled
    }
  }
}

internal import NIOCore
internal import ProtobufRuntime
internal import RPCWire

/// How often a call has failed, where, and whether it may be made again.
struct CallAttempts: Sendable {
  let method: RPCMethod
  let policy: RPCRetryPolicy
  let deadline: NIODeadline?
  /// Endpoints that failed it.
  var tried: [EndpointAddress] = []
  private var failures = 0

  init(_ method: RPCMethod, _ policy: RPCRetryPolicy, _ deadline: NIODeadline?) {
    self.method = method
    self.policy = policy
    self.deadline = deadline
  }

  /// Counts a failure.
  ///
  /// - Parameters:
  ///   - error: what the call ended with.
  ///   - endpoint: where it was; nil when it was nowhere.
  ///   - bucket: what failures of servers draw on.
  ///   - random: spreads the pause.
  /// - Returns: how long to wait before the next attempt.
  /// - Throws: the failure, when there is no next attempt.
  mutating func pause(
    after error: RPCError,
    at endpoint: EndpointAddress?,
    _ bucket: RetryBucket,
    _ random: ClientRandom
  ) throws(RPCError) -> Duration {
    failures += 1
    if let endpoint { tried.append(endpoint) }
    let isTrouble = error.code == .unavailable || error.code == .resourceExhausted
    // Who could not be reached at all is not burdened by the next attempt.
    let hasRoom = endpoint != nil && isTrouble ? bucket.draw() : true
    guard RPCRetryPolicy.allows(method, error), failures < policy.attemptsMax, hasRoom else {
      throw error
    }
    let pause = policy.pause(afterFailures: failures, jitter: random.unit())
    if let deadline, NIODeadline.now() + TimeAmount(pause) >= deadline { throw error }
    return pause
  }
}

extension RPCClient {
  /// A call with one request and one reply, retried or hedged as its policy says.
  func unaryCall<Request: ProtobufMessage, Reply: ProtobufMessage>(
    _ method: RPCMethod,
    _ request: Request,
    _ options: RPCCallOptions
  ) async throws(RPCError) -> Reply {
    let deadline = deadline(method, options)
    if let hedging = options.hedging ?? configuration.policy(for: method)?.hedging,
      method.isReadOnly, hedging.attemptsMax > 1
    {
      return try await hedgedCall(method, request, options, deadline, hedging)
    }
    let metadata = options.metadata.wireEntries
    // Made with the first failure: hardly any call has one.
    var attempts: CallAttempts?
    while true {
      var endpoint: ClientEndpoint?
      let failure: RPCError
      do throws(RPCError) {
        // Most calls find a connection and need not wait for the answer of another function.
        let lease =
          if let ready = pool.readyLease {
            ready
          } else {
            try await pool.lease(by: deadline, avoiding: attempts?.tried ?? [])
          }
        defer { lease.end() }
        endpoint = lease.endpoint
        let reply: Reply = try await send(method, request, metadata, deadline, lease.connection)
        bucket.succeeded()
        return reply
      } catch {
        failure = error
      }
      var failed = attempts ?? self.attempts(method, deadline)
      let pause = try failed.pause(
        after: failure,
        at: endpoint?.address,
        bucket,
        surroundings.random
      )
      attempts = failed
      try await surroundings.timer.wait(pause)
    }
  }

  /// A connection for a call that has not been sent, tried for as the call's policy says.
  func connect(
    _ method: RPCMethod,
    by deadline: NIODeadline?
  ) async throws(RPCError)
    -> EndpointPool.Lease
  {
    var attempts = attempts(method, deadline)
    while true {
      let failure: RPCError
      do throws(RPCError) {
        return try await pool.lease(by: deadline, avoiding: [])
      } catch {
        failure = error
      }
      let pause = try attempts.pause(after: failure, at: nil, bucket, surroundings.random)
      try await surroundings.timer.wait(pause)
    }
  }

  /// Nothing tried yet.
  func attempts(_ method: RPCMethod, _ deadline: NIODeadline?) -> CallAttempts {
    CallAttempts(
      method,
      configuration.policy(for: method)?.retry ?? configuration.retry,
      deadline
    )
  }

  /// Sends a call once.
  func send<Request: ProtobufMessage, Reply: ProtobufMessage>(
    _ method: RPCMethod,
    _ request: Request,
    _ metadata: [MetadataEntry],
    _ deadline: NIODeadline?,
    _ connection: ClientConnection
  ) async throws(RPCError) -> Reply {
    let call = UnaryCall(
      method: method,
      metadata: metadata,
      deadline: deadline,
      firstMessage: try RPCClient.encode(request),
      replyBytesMax: configuration.limits.decoding.byteCountMax
    )
    return try decode(try await RPCClient.outcome(of: call, on: connection, starts: true))
  }
}

internal import Logging
internal import NIOCore
internal import NIOPosix
internal import RPCWire
internal import Synchronization

/// Keeps a client connected: connects when somebody asks, waits after failures, reconnects when the
/// connection is lost.
final class ConnectionHolder: Sendable {
  /// Where the connection is in its life.
  private enum Phase {
    /// Can become `connecting`.
    case idle
    /// An attempt runs, or waits for the pause after a failure.
    ///
    /// Can become `connected` or `idle`.
    case connecting(attempt: UInt64)
    /// Can become `idle`.
    case connected(ClientConnection)
    /// The end.
    case closed
  }

  private typealias Waiter = CheckedContinuation<Result<ClientConnection, RPCError>, Never>

  private struct State {
    var phase = Phase.idle
    var waiters: [UInt64: Waiter] = [:]
    var nextWaiterID: UInt64 = 0
    var nextAttempt: UInt64 = 0
    var failures = 0
    /// Connections that are not gone, drained ones included.
    var alive: [ObjectIdentifier: ClientConnection] = [:]
  }

  let loop: RPCLoop
  private let target: RPCTarget
  /// Nil is plain TCP.
  private let identity: ClientIdentity?
  private let serverName: String
  private let configuration: RPCClientConfiguration
  private let logger: Logger
  private let state = Mutex(State())

  /// A holder that has not connected.
  init(
    target: RPCTarget,
    tls: TLSConfiguration?,
    configuration: RPCClientConfiguration,
    logger: Logger
  ) {
    self.loop = RPCLoop(MultiThreadedEventLoopGroup.singleton.next())
    self.target = target
    self.configuration = configuration
    self.logger = logger
    self.serverName = tls?.serverName ?? target.host
    self.identity = tls.map { ClientIdentity($0, logger: logger) }
  }

  /// The connection, if there is one that takes calls.
  var current: ClientConnection? {
    state.withLock {
      if case .connected(let connection) = $0.phase { connection } else { nil }
    }
  }

  /// A connection that takes calls; connects when there is none.
  ///
  /// - Throws: `unavailable` when the attempt fails, `cancelled`, or `deadlineExceeded`.
  func connection(by deadline: NIODeadline?) async throws(RPCError) -> ClientConnection {
    if let current { return current }
    let waiterID = state.withLock { state in
      state.nextWaiterID += 1
      return state.nextWaiterID
    }
    let timer = deadline.map { deadline in
      loop.eventLoop.scheduleTask(deadline: deadline) { [weak self] in
        guard let self else { return }
        self.give(
          waiterID,
          RPCError(code: .deadlineExceeded, message: "no connection to \(self.target) in time")
        )
      }
    }
    defer { timer?.cancel() }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (waiter: Waiter) in wait(waiterID, waiter) }
    } onCancel: {
      give(waiterID, ClientConnection.cancelled)
    }
    return try result.get()
  }

  /// Closes all connections; later calls fail.
  func close() async {
    let (alive, waiters) = state.withLock { state in
      state.phase = .closed
      defer { state.waiters = [:] }
      return (Array(state.alive.values), Array(state.waiters.values))
    }
    for waiter in waiters { waiter.resume(returning: .failure(ConnectionHolder.closed)) }
    for connection in alive {
      await withCheckedContinuation { continuation in
        connection.loop.runLater {
          connection.close()
          continuation.resume()
        }
      }
    }
  }

  // MARK: Waiting

  private func wait(_ waiterID: UInt64, _ waiter: Waiter) {
    enum Next {
      case give(Result<ClientConnection, RPCError>)
      case connect(attempt: UInt64)
      case nothing
    }
    let next: Next = state.withLock { state in
      if Task.isCancelled { return .give(.failure(ClientConnection.cancelled)) }
      switch state.phase {
      case .connected(let connection): return .give(.success(connection))
      case .closed: return .give(.failure(ConnectionHolder.closed))
      case .connecting:
        state.waiters[waiterID] = waiter
        return .nothing
      case .idle:
        state.waiters[waiterID] = waiter
        state.nextAttempt += 1
        state.phase = .connecting(attempt: state.nextAttempt)
        return .connect(attempt: state.nextAttempt)
      }
    }
    switch next {
    case .give(let result): waiter.resume(returning: result)
    case .connect(let attempt): connectAfterPause(attempt)
    case .nothing: break
    }
  }

  private func give(_ waiterID: UInt64, _ error: RPCError) {
    let waiter = state.withLock { $0.waiters.removeValue(forKey: waiterID) }
    waiter?.resume(returning: .failure(error))
  }

  // MARK: Connecting

  private func connectAfterPause(_ attempt: UInt64) {
    let failures = state.withLock { $0.failures }
    guard failures > 0 else { return connect(attempt) }
    let pause = configuration.retry.pause(
      afterFailures: failures,
      jitter: Double.random(in: 0...1)
    )
    loop.eventLoop.scheduleTask(in: TimeAmount(pause)) { self.connect(attempt) }
  }

  private func connect(_ attempt: UInt64) {
    let context: TLSContext?
    do throws(RPCError) {
      context = try identity?.context()
    } catch {
      return attemptFailed(attempt, error)
    }
    let connection = ClientConnection(
      loop: loop,
      target: target,
      logger: logger,
      onReady: { self.ready($0) },
      onLeaving: { self.leaving($0) },
      onGone: { self.gone($0, attempt, $1) }
    )
    ClientBootstrap(group: loop.eventLoop)
      .connectTimeout(TimeAmount(configuration.connectTimeout))
      .resolver(configuration.resolver)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.writeBufferWaterMark, value: .init(low: 262_144, high: 1_048_576))
      // Nothing is read, and so nothing lost, before there are handlers.
      .channelOption(.autoRead, value: false)
      .connect(host: target.host, port: target.port)
      // Only the address that answered gets handlers: the others are channels too, and their end
      // must not look like the connection's.
      .flatMap { channel in
        self.setUp(channel, connection, context)
          .flatMap { channel.setOption(.autoRead, value: true) }
      }
      .whenFailure { error in
        // Once it has handlers, `gone` reports the loss; before that this is all there is.
        self.attemptFailed(
          attempt,
          RPCError(
            code: .unavailable,
            message: "cannot reach \(self.target): \(error)",
            cause: error
          )
        )
      }
  }

  private func setUp(
    _ channel: any Channel,
    _ connection: ClientConnection,
    _ context: TLSContext?
  ) -> EventLoopFuture<Void> {
    let limits = configuration.limits
    let wire = WireChannel(
      loop: loop,
      machine: ConnectionMachine(role: .client, settings: limits.wireSettings, agent: "morlaif"),
      driver: connection,
      address: target.description,
      timing: limits.timing,
      logger: logger
    )
    connection.attach(wire)
    do {
      if let context {
        try channel.pipeline.syncOperations.addHandler(
          TLSHandler(context, serverName: serverName)
        )
      }
      try channel.pipeline.syncOperations.addHandler(wire)
      if context == nil { wire.start() }
      return channel.eventLoop.makeSucceededVoidFuture()
    } catch {
      return channel.eventLoop.makeFailedFuture(error)
    }
  }

  private func ready(_ connection: ClientConnection) {
    let waiters: [Waiter]? = state.withLock { state in
      if case .closed = state.phase { return nil }
      state.phase = .connected(connection)
      state.alive[ObjectIdentifier(connection)] = connection
      state.failures = 0
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    guard let waiters else { return connection.loop.runLater { connection.close() } }
    logger.debug("connected", metadata: ["rpc.target": "\(target)"])
    for waiter in waiters { waiter.resume(returning: .success(connection)) }
  }

  /// The connection takes no new calls; the next call connects anew.
  private func leaving(_ connection: ClientConnection) {
    state.withLock { state in
      guard case .connected(let current) = state.phase, current === connection else { return }
      state.phase = .idle
    }
  }

  /// The connection is gone, or never came to be.
  private func gone(_ connection: ClientConnection, _ attempt: UInt64, _ error: RPCError) {
    leaving(connection)
    state.withLock { _ = $0.alive.removeValue(forKey: ObjectIdentifier(connection)) }
    attemptFailed(attempt, error)
  }

  /// An attempt has failed; nothing happens when it succeeded, or its failure is already known.
  private func attemptFailed(_ attempt: UInt64, _ error: RPCError) {
    var unprocessed = error
    unprocessed.isUnprocessed = error.code == .unavailable
    let failure = unprocessed
    let waiters: [Waiter] = state.withLock { state in
      guard case .connecting(attempt) = state.phase else { return [] }
      state.phase = .idle
      state.failures += 1
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    guard !waiters.isEmpty else { return }
    logger.debug(
      "cannot connect",
      metadata: ["rpc.target": "\(target)", "rpc.reason": "\(error.message)"]
    )
    for waiter in waiters { waiter.resume(returning: .failure(failure)) }
  }

  private static let closed = RPCError(code: .cancelled, message: "the client was closed")
}

internal import Logging
internal import NIOCore
internal import NIOPosix
internal import RPCWire
internal import Synchronization

/// Keeps a client connected: connects when somebody asks, waits after failures, reconnects when the
/// connection is lost.
final class ConnectionHolder: Sendable {
  /// What happens to the connection.
  enum Change: Sendable {
    /// It takes calls.
    case connected(ClientConnection)
    /// It takes no new calls.
    case leaving
    /// An attempt has failed, or the connection was lost.
    case failed(RPCError)
  }

  /// Where the connection is in its life.
  private enum Phase {
    /// Can become `connecting`.
    case idle
    /// An attempt runs, or waits for the pause after a failure.
    ///
    /// Can become `connected` or `idle`.
    case connecting(attempt: UInt64)
    /// Can become `idle`.
    case connected(ClientConnection, since: Duration)
    /// The end.
    case closed
  }

  private typealias Waiter = CheckedContinuation<Result<ClientConnection, RPCError>, Never>

  private struct State {
    var phase = Phase.idle
    var waiters: [UInt64: Waiter] = [:]
    var nextWaiterID: UInt64 = 0
    var nextAttempt: UInt64 = 0
    /// Attempts that failed and connections that broke soon, since one lived for long.
    var failures = 0
    /// Whether it connects again by itself.
    var staysConnected = false
    var onChange: (@Sendable (Change) -> Void)?
    /// Connections that are not gone, drained ones included.
    var alive: [ObjectIdentifier: ClientConnection] = [:]

    /// The number of a new attempt; nil when there is one, or a connection, or the end.
    mutating func beginAttempt() -> UInt64? {
      guard case .idle = phase else { return nil }
      nextAttempt += 1
      phase = .connecting(attempt: nextAttempt)
      return nextAttempt
    }
  }

  let loop: RPCLoop
  private let address: EndpointAddress
  /// Nil is plain TCP.
  private let identity: ClientIdentity?
  private let configuration: RPCClientConfiguration
  private let surroundings: ClientSurroundings
  private let logger: Logger
  private let state = Mutex(State())

  /// A holder that has not connected.
  init(
    address: EndpointAddress,
    identity: ClientIdentity?,
    configuration: RPCClientConfiguration,
    surroundings: ClientSurroundings,
    logger: Logger
  ) {
    self.loop = RPCLoop(MultiThreadedEventLoopGroup.singleton.next())
    self.address = address
    self.identity = identity
    self.configuration = configuration
    self.surroundings = surroundings
    self.logger = logger
  }

  /// The connection, if there is one that takes calls.
  var current: ClientConnection? {
    state.withLock {
      if case .connected(let connection, _) = $0.phase { connection } else { nil }
    }
  }

  /// Has `handler` called with each change, on the thread where it happens; set before the first use.
  func onChange(_ handler: @escaping @Sendable (Change) -> Void) {
    state.withLock { $0.onChange = handler }
  }

  /// Connects now, and again whenever the connection is lost, until the holder is closed.
  func stayConnected() {
    let attempt: UInt64? = state.withLock { state in
      state.staysConnected = true
      return state.beginAttempt()
    }
    if let attempt { connectAfterPause(attempt) }
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
          RPCError(code: .deadlineExceeded, message: "no connection to \(self.address) in time")
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
    for connection in end() {
      await withCheckedContinuation { continuation in
        connection.loop.runLater {
          connection.close()
          continuation.resume()
        }
      }
    }
  }

  /// Takes no new calls and closes when the open ones are done.
  func retire() {
    for connection in end() {
      connection.loop.runLater { connection.leave() }
    }
  }

  private func end() -> [ClientConnection] {
    let (alive, waiters) = state.withLock { state in
      state.phase = .closed
      state.onChange = nil
      defer { state.waiters = [:] }
      return (Array(state.alive.values), Array(state.waiters.values))
    }
    for waiter in waiters { waiter.resume(returning: .failure(ConnectionHolder.closed)) }
    return alive
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
      case .connected(let connection, _): return .give(.success(connection))
      case .closed: return .give(.failure(ConnectionHolder.closed))
      case .connecting:
        state.waiters[waiterID] = waiter
        return .nothing
      case .idle:
        state.waiters[waiterID] = waiter
        return state.beginAttempt().map { .connect(attempt: $0) } ?? .nothing
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
      jitter: surroundings.random.unit()
    )
    _ = surroundings.timer.after(pause) { self.connect(attempt) }
  }

  private func connect(_ attempt: UInt64) {
    let isWanted = state.withLock { state in
      if case .connecting(attempt) = state.phase { true } else { false }
    }
    guard isWanted else { return }
    let context: TLSContext?
    do throws(RPCError) {
      context = try identity?.context()
    } catch {
      return attemptFailed(attempt, error)
    }
    let connection = ClientConnection(
      loop: loop,
      target: address.target,
      logger: logger,
      onReady: { self.ready($0) },
      onLeaving: { self.leaving($0, lost: nil) },
      onGone: { self.gone($0, attempt, $1) }
    )
    ClientBootstrap(group: loop.eventLoop)
      .connectTimeout(TimeAmount(configuration.connectTimeout))
      .resolver(surroundings.resolver)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.writeBufferWaterMark, value: .init(low: 262_144, high: 1_048_576))
      // Nothing is read, and so nothing lost, before there are handlers.
      .channelOption(.autoRead, value: false)
      .connect(host: address.target.host, port: address.target.port)
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
            message: "cannot reach \(self.address): \(ConnectFailure.reason(error))",
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
      machine: ConnectionMachine(
        role: .client,
        settings: limits.wireSettings,
        agent: "morlaif",
        features: configuration.compression ? [WireLimits.compressionFeature] : []
      ),
      driver: connection,
      address: address.description,
      timing: limits.timing,
      logger: logger
    )
    connection.attach(wire)
    do {
      if let context {
        try channel.pipeline.syncOperations.addHandler(
          TLSHandler(context, serverName: address.serverName)
        )
      }
      try channel.pipeline.syncOperations.addHandler(wire)
      if context == nil { wire.start() }
      return channel.eventLoop.makeSucceededVoidFuture()
    } catch {
      // It is connected already, and nobody else would close it.
      channel.close(promise: nil)
      return channel.eventLoop.makeFailedFuture(error)
    }
  }

  private func ready(_ connection: ClientConnection) {
    let (waiters, onChange): ([Waiter]?, (@Sendable (Change) -> Void)?) = state.withLock { state in
      if case .closed = state.phase { return (nil, nil) }
      state.phase = .connected(connection, since: surroundings.timer.now)
      state.alive[ObjectIdentifier(connection)] = connection
      defer { state.waiters = [:] }
      return (Array(state.waiters.values), state.onChange)
    }
    guard let waiters else { return connection.loop.runLater { connection.close() } }
    logger.debug("connected", metadata: ["rpc.target": "\(address)"])
    onChange?(.connected(connection))
    for waiter in waiters { waiter.resume(returning: .success(connection)) }
  }

  /// The connection takes no new calls; the next call, or the holder itself, connects anew.
  ///
  /// - Parameters:
  ///   - connection: which one.
  ///   - error: why it was lost, nil when it was left. A loss soon after the beginning counts as a
  ///     failure, or a server that drops every connection would be asked for a new one without a pause.
  private func leaving(_ connection: ClientConnection, lost error: RPCError?) {
    let (isCurrent, attempt, onChange) = state.withLock { state in
      guard case .connected(let current, let since) = state.phase, current === connection else {
        return (false, UInt64?.none, (@Sendable (Change) -> Void)?.none)
      }
      let lived = surroundings.timer.now - since
      if lived >= configuration.retry.pauseMax {
        state.failures = 0
      } else if error != nil {
        state.failures += 1
      }
      state.phase = .idle
      return (true, state.staysConnected ? state.beginAttempt() : nil, state.onChange)
    }
    guard isCurrent else { return }
    onChange?(error.map { .failed($0) } ?? .leaving)
    if let attempt { connectAfterPause(attempt) }
  }

  /// The connection is gone, or never came to be.
  private func gone(_ connection: ClientConnection, _ attempt: UInt64, _ error: RPCError) {
    leaving(connection, lost: error)
    state.withLock { _ = $0.alive.removeValue(forKey: ObjectIdentifier(connection)) }
    attemptFailed(attempt, error)
  }

  /// An attempt has failed; nothing happens when it succeeded, or its failure is already known.
  private func attemptFailed(_ attempt: UInt64, _ error: RPCError) {
    var unprocessed = error
    unprocessed.isUnprocessed = error.code == .unavailable
    let failure = unprocessed
    let (waiters, next, onChange): ([Waiter]?, UInt64?, (@Sendable (Change) -> Void)?) =
      state.withLock { state in
        guard case .connecting(attempt) = state.phase else { return (nil, nil, nil) }
        state.phase = .idle
        state.failures += 1
        defer { state.waiters = [:] }
        return (
          Array(state.waiters.values), state.staysConnected ? state.beginAttempt() : nil,
          state.onChange
        )
      }
    guard let waiters else { return }
    logger.debug(
      "cannot connect",
      metadata: ["rpc.target": "\(address)", "rpc.reason": "\(error.message)"]
    )
    onChange?(.failed(failure))
    for waiter in waiters { waiter.resume(returning: .failure(failure)) }
    if let next { connectAfterPause(next) }
  }

  private static let closed = RPCError(code: .cancelled, message: "the client was closed")
}

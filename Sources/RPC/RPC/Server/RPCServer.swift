public import Logging
internal import NIOCore
internal import NIOPosix
internal import RPCWire
public import ServiceLifecycle
internal import Synchronization

/// Offers services on one port until asked to stop.
///
/// Handlers run on the event loop of their connection. A handler must not block it: heavy work goes
/// to threads of its own, and the handler awaits the result and goes on on the loop.
public final class RPCServer: Service {
  /// Where the server is in its life.
  private enum State {
    /// Can become `listening` or `stopped`.
    case starting(waiters: [CheckedContinuation<Void, Never>])
    /// Can become `stopped`.
    case listening(port: Int)
    case stopped
  }

  private let configuration: RPCServerConfiguration
  private let services: [any RPCService]
  private let logger: Logger
  /// What `Health` says about this server; services may change it.
  public let health: HealthRegistry
  private let state = Mutex(State.starting(waiters: []))
  private let connections = ConnectionRegistry()

  /// A server that `run` starts.
  public init(
    configuration: RPCServerConfiguration,
    services: [any RPCService],
    logger: Logger,
    health: HealthRegistry = HealthRegistry()
  ) {
    self.configuration = configuration
    self.services = services
    self.logger = logger
    self.health = health
  }

  /// The port in use; nil until the server listens.
  public var boundPort: Int? {
    state.withLock {
      if case .listening(let port) = $0 { port } else { nil }
    }
  }

  /// Returns when the server listens, or has given up.
  public func waitUntilListening() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        guard case .starting(let waiters) = state else { return true }
        state = .starting(waiters: waiters + [continuation])
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  /// Listens and serves until graceful shutdown or cancellation.
  ///
  /// On graceful shutdown new connections and calls are refused and calls in flight may finish
  /// within the drain timeout (W36); on cancellation everything ends at once.
  ///
  /// - Throws: `RPCError` when the configuration cannot be used or the port is taken.
  public func run() async throws {
    defer { changeState(to: .stopped) }
    let listener = try await listen()
    let stop = StopSignal()
    await withTaskCancellationOrGracefulShutdownHandler {
      await stop.wait()
    } onCancelOrGracefulShutdown: {
      stop.signal()
    }
    health.stop()
    try? await listener.close()  // It may have been closed by an error; either way it is closed.
    await connections.close(
      drainTimeout: Task.isCancelled ? .zero : configuration.limits.drainTimeout
    )
    logger.debug("server stopped")
  }

  private func listen() async throws -> any Channel {
    if let invalid = configuration.limits.wireSettings.firstInvalid {
      throw RPCError(code: .invalidArgument, message: "limits of the server: \(invalid)")
    }
    let context = try makeTLSContext()
    let router = try makeRouter()
    let group = MultiThreadedEventLoopGroup.singleton
    var loops: [ObjectIdentifier: RPCLoop] = [:]
    for eventLoop in group.makeIterator() {
      loops[ObjectIdentifier(eventLoop)] = RPCLoop(eventLoop)
    }
    let acceptor = ConnectionAcceptor(
      limits: configuration.limits,
      context: context,
      router: router,
      loops: loops,
      connections: connections,
      logger: logger
    )
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1_024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(
        .writeBufferWaterMark,
        value: .init(low: 262_144, high: 1_048_576)
      )
      .childChannelInitializer { acceptor.accept($0) }
    let listener: any Channel
    do {
      listener = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
    } catch {
      throw RPCError(
        code: .unavailable,
        message: "cannot listen on \(configuration.host):\(configuration.port): \(error)",
        cause: error
      )
    }
    try await refusePlainTextBeyondLoopback(listener)
    changeState(to: .listening(port: listener.localAddress?.port ?? configuration.port))
    logger.debug(
      "server listens",
      metadata: ["rpc.address": "\(listener.localAddress?.description ?? configuration.host)"]
    )
    return listener
  }

  private func makeTLSContext() throws(RPCError) -> TLSContext? {
    guard let tls = configuration.tls else { return nil }
    do throws(TLSError) {
      return try TLSContext(tls, role: .server)
    } catch {
      throw RPCError(code: .failedPrecondition, message: "\(error)", cause: error)
    }
  }

  private func makeRouter() throws(RPCError) -> RPCRouter {
    var router = RPCRouter()
    for service in services { service.register(in: &router) }
    let names = services.map(\.serviceName)
    guard Set(names).count == names.count else {
      throw RPCError(code: .invalidArgument, message: "a service is given twice: \(names)")
    }
    health.start(services: names)
    return router
  }

  private func refusePlainTextBeyondLoopback(_ listener: any Channel) async throws(RPCError) {
    guard configuration.tls == nil, let address = listener.localAddress, !address.isLoopback
    else { return }
    listener.close(promise: nil)
    throw RPCError(
      code: .failedPrecondition,
      message: "\(configuration.host) is reachable from outside; configure TLS to listen there"
    )
  }

  private func changeState(to new: State) {
    let waiters: [CheckedContinuation<Void, Never>] = state.withLock { state in
      defer { state = new }
      guard case .starting(let waiters) = state else { return [] }
      return waiters
    }
    for waiter in waiters { waiter.resume() }
  }
}

extension SocketAddress {
  /// Whether only this machine can reach the address.
  var isLoopback: Bool {
    switch self {
    case .v4: ipAddress?.hasPrefix("127.") ?? false
    case .v6: ipAddress == "::1" || ipAddress == "::ffff:127.0.0.1"
    case .unixDomainSocket: true
    }
  }
}

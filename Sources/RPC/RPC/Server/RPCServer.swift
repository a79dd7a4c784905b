internal import Glibc
public import Logging
package import NIOCore
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
  private let standing: [any RPCService]
  private let services: Mutex<[any RPCService]>
  private let logger: Logger
  private let policy: ServerPolicy
  /// Nil until the server listens, or when it listens without TLS.
  private let identity = Mutex<TLSIdentity?>(nil)
  private let refusals: RefusalLog
  /// What the server counts.
  package let metrics = RPCServerMetrics()
  /// What `Health` says about this server; services may change it.
  public let health: HealthRegistry
  private let state = Mutex(State.starting(waiters: []))
  private let connections = ConnectionRegistry()
  private let freedMemory: FreedMemory

  /// A server that `run` starts.
  ///
  /// - Parameters:
  ///   - configuration: where to listen, identity, limits, rules.
  ///   - services: what it offers.
  ///   - standing: what it offers beyond its limit on calls and while it loads, `Health` for one.
  ///   - isLoading: whether `install` will add services; until then calls to them are UNAVAILABLE.
  ///   - logger: gets refusals as warnings, everything else at debug level.
  ///   - health: what `Health` says.
  public init(
    configuration: RPCServerConfiguration,
    services: [any RPCService],
    standing: [any RPCService] = [],
    isLoading: Bool = false,
    logger: Logger,
    health: HealthRegistry = HealthRegistry()
  ) {
    self.configuration = configuration
    self.services = Mutex(services)
    self.standing = standing
    self.logger = logger
    self.health = health
    self.refusals = RefusalLog(logger)
    self.freedMemory = FreedMemory(metrics: metrics, logger: logger)
    self.policy = ServerPolicy(isLoading: isLoading, access: configuration.access)
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

  /// Adds services to a server that was made to load them, and declares it serving.
  ///
  /// - Throws: `RPCError` when a service is there already, or rules name methods it does not have.
  public func install(_ services: [any RPCService]) throws(RPCError) {
    self.services.withLock { $0 += services }
    try route(isLoading: false)
    try check(policy.current.access)
  }

  /// Reads certificate, key and CA again for the handshakes to come.
  ///
  /// - Throws: `RPCError` naming the file that cannot be used; the old ones then stay in force.
  public func reloadCertificate() throws(RPCError) {
    guard let identity = identity.withLock({ $0 }) else { return }
    do throws(TLSError) {
      let context = try identity.reload()
      metrics.count { $0.certificateReloads += 1 }
      noteCertificate(context)
    } catch {
      metrics.count { $0.certificateReloadFailures += 1 }
      throw RPCError(code: .failedPrecondition, message: "\(error)", cause: error)
    }
  }

  /// Whether certificate, key or CA were replaced since they were read, and left alone since this was
  /// last asked.
  public func certificateHasChanged() -> Bool {
    identity.withLock { $0 }?.hasSettledChange() ?? false
  }

  /// Puts other rules in force, for calls to come and for connections that they revoke.
  ///
  /// - Throws: `RPCError` when they name methods that the services here do not have; the old ones
  ///   then stay in force.
  public func setAccess(_ access: RPCAccessRules?) throws(RPCError) {
    try check(access)
    policy.change(access: access)
    guard let access else { return }
    for connection in connections.all { connection.loop.run { connection.enforce(access) } }
  }

  private func check(_ access: RPCAccessRules?) throws(RPCError) {
    let methods = policy.current.router.registered.map(\.method)
    guard let unknown = access?.unknownMethods(among: methods), let first = unknown.first else {
      return
    }
    throw RPCError(
      code: .failedPrecondition,
      message: "access rules: there is no method \(first); "
        + "morlaif call HOST:PORT --list names those that are here"
    )
  }

  private func noteCertificate(_ context: TLSContext) {
    guard let certificate = context.certificate else { return }
    metrics.count { $0.certificateEndSeconds = certificate.notAfterSeconds }
    logger.notice(
      "certificate loaded",
      metadata: [
        "tls.identity": "\(certificate.identity.name)",
        "tls.serial": "\(certificate.identity.serialNumber)",
        "tls.days_left": "\((certificate.notAfterSeconds - Int(time(nil))) / 86_400)",
      ]
    )
  }

  private func listen() async throws -> any Channel {
    if let invalid = configuration.limits.wireSettings.firstInvalid {
      throw RPCError(code: .invalidArgument, message: "limits of the server: \(invalid)")
    }
    let identity = try makeIdentity()
    try route(isLoading: policy.current.isLoading)
    try check(policy.current.access)
    let group = MultiThreadedEventLoopGroup.singleton
    var loops: [ObjectIdentifier: RPCLoop] = [:]
    for eventLoop in group.makeIterator() {
      loops[ObjectIdentifier(eventLoop)] = RPCLoop(eventLoop)
    }
    let acceptor = ConnectionAcceptor(
      limits: configuration.limits,
      identity: identity,
      policy: policy,
      rate: AdmissionRate(perSecond: configuration.limits.handshakesPerSecondMax, now: .now()),
      metrics: metrics,
      refusals: refusals,
      interceptors: configuration.interceptors,
      compression: configuration.compression,
      loops: loops,
      connections: connections,
      freedMemory: freedMemory,
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
    let address = RPCTarget(host: configuration.host, port: configuration.port)
    let listener: any Channel
    do {
      listener = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
    } catch {
      throw RPCError(
        code: .unavailable,
        message: "cannot listen on \(address): \(ConnectFailure.reasonNotToListen(error))",
        cause: error
      )
    }
    try await refusePlainTextBeyondLoopback(listener)
    changeState(to: .listening(port: listener.localAddress?.port ?? configuration.port))
    logger.debug(
      "server listens",
      metadata: ["rpc.address": "\(listener.localAddress?.peerText ?? configuration.host)"]
    )
    return listener
  }

  private func makeIdentity() throws(RPCError) -> TLSIdentity? {
    guard let tls = configuration.tls else { return nil }
    do throws(TLSError) {
      let identity = try TLSIdentity(tls, role: .server) { [policy] in
        policy.current.access?.revocation(of: $0)
      }
      self.identity.withLock { $0 = identity }
      noteCertificate(identity.current)
      return identity
    } catch {
      throw RPCError(code: .failedPrecondition, message: "\(error)", cause: error)
    }
  }

  /// Puts the methods of all services in force.
  private func route(isLoading: Bool) throws(RPCError) {
    let services = self.services.withLock { $0 }
    let names = (standing + services).map(\.serviceName)
    guard Set(names).count == names.count else {
      throw RPCError(code: .invalidArgument, message: "a service is given twice: \(names)")
    }
    var router = RPCRouter()
    router.registersStanding = true
    for service in standing { service.register(in: &router) }
    router.registersStanding = false
    for service in services { service.register(in: &router) }
    metrics.know(router)
    policy.change(router: router, isLoading: isLoading)
    health.start(services: names, isLoading: isLoading)
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
  /// `HOST:PORT`, as logs name a peer; the path of a socket of this machine.
  package var peerText: String {
    guard let host = ipAddress else { return pathname ?? "unknown" }
    return self.protocol == .inet6 ? "[\(host)]:\(port ?? 0)" : "\(host):\(port ?? 0)"
  }

  /// Whether only this machine can reach the address.
  var isLoopback: Bool {
    switch self {
    case .v4: ipAddress?.hasPrefix("127.") ?? false
    case .v6: ipAddress == "::1" || ipAddress == "::ffff:127.0.0.1"
    case .unixDomainSocket: true
    }
  }
}

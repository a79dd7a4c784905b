import Logging
import RPC
import ServiceLifecycle

/// A server in this process, and how to reach it.
struct ServerHarness: Sendable {
  let echo: EchoService
  let server: RPCServer
  let port: Int
  let stop: @Sendable () async -> Void
  let logger: Logger

  /// A client of this server.
  func client(
    _ tls: TLSConfiguration?,
    host: String = "127.0.0.1",
    _ configuration: RPCClientConfiguration = RPCClientConfiguration()
  ) -> RPCClient {
    RPCClient(
      target: RPCTarget(host: host, port: port),
      tls: tls,
      configuration: configuration,
      logger: logger
    )
  }
}

/// Lends a running server to `body` and stops it gracefully afterwards.
func withServer<Result: Sendable>(
  tls: TLSConfiguration?,
  limits: RPCLimits = RPCLimits(),
  access: RPCAccessRules? = nil,
  logger: Logger = Logger(label: "test"),
  compression: Bool = false,
  interceptors: [any RPCServerInterceptor] = [],
  service: (any RPCService)? = nil,
  _ body: @Sendable (ServerHarness) async throws -> Result
) async throws -> Result {
  let echo = EchoService()
  // A busy machine may take seconds to let a test's own peer speak; tests of these times state them.
  var patient = limits
  let standard = RPCLimits()
  if limits.firstByteTimeout == standard.firstByteTimeout { patient.firstByteTimeout = .zero }
  if limits.handshakeTimeout == standard.handshakeTimeout {
    patient.handshakeTimeout = .seconds(600)
  }
  var configuration = RPCServerConfiguration(
    host: "127.0.0.1",
    port: 0,
    tls: tls,
    limits: patient,
    access: access
  )
  configuration.compression = compression
  configuration.interceptors = interceptors
  let server = RPCServer(
    configuration: configuration,
    services: [service ?? echo],
    logger: logger
  )
  let group = ServiceGroup(services: [server], logger: logger)
  return try await withThrowingTaskGroup(of: Void.self) { tasks in
    tasks.addTask { try await group.run() }
    await server.waitUntilListening()
    let harness = ServerHarness(
      echo: echo,
      server: server,
      port: server.boundPort ?? 0,
      stop: { await group.triggerGracefulShutdown() },
      logger: logger
    )
    let result: Swift.Result<Result, any Error>
    do {
      result = .success(try await body(harness))
    } catch {
      result = .failure(error)
    }
    echo.events.add("release")
    await group.triggerGracefulShutdown()
    try await tasks.waitForAll()
    return try result.get()
  }
}

/// The error a call must end with.
func failure(_ call: () async throws -> Void) async -> RPCError? {
  do {
    try await call()
    return nil
  } catch {
    return error as? RPCError
  }
}

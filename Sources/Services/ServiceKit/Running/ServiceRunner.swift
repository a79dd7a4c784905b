internal import Foundation
internal import Glibc
internal import Logging
internal import RPC
internal import RPCStandardServices
internal import ServiceLifecycle
internal import ServiceStubs
internal import UnixSignals

/// Runs one service as a process: configuration, logs, lock, server, signals, exit code.
package struct ServiceRunner<Definition: ServiceDefinition>: Sendable {
  private let options: ServiceOptions
  private let environment: [String: String]

  /// Takes the command line and the environment, which only an executable's main reads.
  package init(options: ServiceOptions, environment: [String: String]) {
    self.options = options
    self.environment = environment
  }

  /// Runs until SIGTERM or SIGINT; calls in flight are finished, jobs are stopped with a checkpoint.
  package func run() async -> ExitStatus {
    StandardStreams.reserve()
    // A reader of our output that goes away must not end the service.
    signal(SIGPIPE, SIG_IGN)
    do {
      let configuration = try loadConfiguration()
      let level = Logger.Level(rawValue: configuration.common.logLevel) ?? .info
      let logger = Logger(label: Definition.name) { _ in
        StandardErrorLogHandler(service: Definition.name, logLevel: level)
      }
      do {
        try await serve(configuration, logger: logger)
        logger.notice("stopped")
        return .clean
      } catch {
        return Self.report(error, logger: logger)
      }
    } catch {
      let logger = Logger(label: Definition.name) { _ in
        StandardErrorLogHandler(service: Definition.name, logLevel: .info)
      }
      return Self.report(error, logger: logger)
    }
  }

  private func loadConfiguration() throws(ServiceKitError) -> Definition.Configuration {
    let loader = ConfigurationLoader(environment: environment)
    var configuration = try loader.load(Definition.Configuration.self, from: options.config)
    if let data = options.data { configuration.common.data = data }
    if let listen = options.listen {
      configuration.common.listen = try ListenSection(option: listen)
      guard configuration.common.tls != nil || configuration.common.listen.isLoopback else {
        throw .usage(
          reason: "--listen \(listen): other machines need tls, which the file turns off"
        )
      }
    }
    return configuration
  }

  private func serve(_ configuration: Definition.Configuration, logger: Logger) async throws {
    let common = configuration.common
    let data = try DataFolder(common.data)
    // Whoever waits for the file must not find that of an earlier process.
    if let readyFile = options.readyFile { ReadyFile.remove(readyFile) }
    let metrics = MetricsRegistry()
    let peers = PeerConnections(
      peers: common.peers,
      tls: common.tls,
      file: options.config,
      logger: logger
    )
    let context = ServiceContext(
      name: Definition.name,
      configurationFile: options.config,
      logger: logger,
      data: data,
      metrics: metrics,
      peers: peers,
      environment: environment
    )
    let standing: [any RPCService] = [MetricsService(MetricsCalls(metrics))]
    let server = try makeServer(common, standing: standing, logger: logger)
    metrics.include(server.metrics)
    let quietLogger = Logger(label: "lifecycle") { _ in
      StandardErrorLogHandler(service: Definition.name, logLevel: .error)
    }
    let prometheus = common.prometheus.map {
      PrometheusEndpoint(listen: $0, metrics: metrics, logger: logger)
    }
    let loader = ServiceLoader(
      server: server,
      standing: standing,
      assemble: { try await Definition.assemble(configuration, in: context) },
      onReady: { port in
        try announce(common, port: port, prometheusPort: await prometheus?.waitUntilListening())
      },
      logger: logger,
      quietLogger: quietLogger
    )
    let reloader = Reloader(
      server: server,
      accessPath: common.access,
      loader: ConfigurationLoader(environment: environment),
      interval: common.reloadInterval,
      metrics: metrics,
      logger: logger
    )
    // Shutdown goes from the last to the first: jobs stop before the server waits for their callers.
    let running: [any Service] = (prometheus.map { [$0] } ?? []) + [reloader, server, loader]
    let group = ServiceGroup(
      configuration: .init(
        services: running.map { .init(service: $0) },
        gracefulShutdownSignals: [.sigterm, .sigint],
        logger: quietLogger
      )
    )
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await group.run()) } catch { outcome = .failure(error) }
    await peers.close()
    try loader.close()
    try outcome.get()
  }

  private func makeServer(
    _ common: CommonConfiguration,
    standing: [any RPCService],
    logger: Logger
  ) throws(ServiceKitError) -> RPCServer {
    var common = common
    let connectionsMax = OpenFileLimit.raise()
    if connectionsMax < common.limits.connectionsMax {
      logger.warning(
        "fewer connections than configured: the limit on open files is lower (ulimit -n)",
        metadata: [
          "limits.connections_max": "\(common.limits.connectionsMax)",
          "connections": "\(connectionsMax)",
        ]
      )
      common.limits.connectionsMax = connectionsMax
    }
    var access: RPCAccessRules?
    if let path = common.access {
      access = try AccessFile.load(path, with: ConfigurationLoader(environment: environment))
    }
    return RPCServer.loading(
      configuration: ServerSettings.make(common, access: access),
      expected: Set(Definition.methods.map(\.service)).sorted(),
      standing: standing,
      logger: logger
    )
  }

  private func announce(
    _ common: CommonConfiguration,
    port: Int,
    prometheusPort: Int?
  ) throws {
    guard let readyFile = options.readyFile else { return }
    try ReadyFile.write(
      readyFile,
      service: Definition.name,
      host: common.listen.host,
      port: port,
      prometheusPort: prometheusPort
    )
  }

  private static func report(_ error: any Error, logger: Logger) -> ExitStatus {
    if let known = error as? ServiceKitError {
      logger.critical("failed", metadata: ["error": "\(known)"])
      return known.exitStatus
    }
    guard let call = error as? RPCError ?? (error as? any RPCErrorConvertible)?.rpcError else {
      logger.critical("failed", metadata: ["error": "\(error)"])
      return .internalFault
    }
    logger.critical("failed", metadata: ["error": "\(call.message)"])
    switch call.code {
    case .unavailable: return .unavailable
    // What the server refuses before it listens: certificates, addresses, limits.
    case .failedPrecondition, .invalidArgument: return .configuration
    default: return .internalFault
    }
  }
}

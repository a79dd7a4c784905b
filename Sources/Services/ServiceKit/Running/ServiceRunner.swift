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
    let assembly = try await Definition.assemble(
      configuration,
      in: ServiceContext(
        name: Definition.name,
        configurationFile: options.config,
        logger: logger,
        data: data,
        metrics: metrics,
        peers: peers,
        environment: environment
      )
    )
    let server = RPCServer.withStandardServices(
      configuration: ServerSettings.make(listen: common.listen, tls: common.tls),
      services: assembly.services + [MetricsService(MetricsCalls(metrics))],
      logger: logger
    )
    let announcement = Announcement(
      service: Definition.name,
      host: common.listen.host,
      readyFile: options.readyFile,
      server: server,
      logger: logger
    )
    // Shutdown goes from the last to the first: jobs stop before the server waits for their callers.
    let running: [any Service] = [server, announcement] + assembly.background
    let group = ServiceGroup(
      configuration: .init(
        services: running.map { .init(service: $0) },
        gracefulShutdownSignals: [.sigterm, .sigint],
        logger: Logger(label: "lifecycle") { _ in
          StandardErrorLogHandler(service: Definition.name, logLevel: .error)
        }
      )
    )
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await group.run()) } catch { outcome = .failure(error) }
    await peers.close()
    try assembly.close()
    try outcome.get()
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

/// Says where the server listens once it does.
private struct Announcement: Service {
  let service: String
  let host: String
  let readyFile: String?
  let server: RPCServer
  let logger: Logger

  func run() async throws {
    await server.waitUntilListening()
    // Without a port the server has failed, and its own error ends the process.
    guard let port = server.boundPort else { return try await gracefulShutdown() }
    logger.notice("listening", metadata: ["host": "\(host)", "port": "\(port)"])
    if let readyFile {
      try ReadyFile.write(readyFile, service: service, host: host, port: port)
    }
    try? await gracefulShutdown()
    logger.notice("stopping")
  }
}

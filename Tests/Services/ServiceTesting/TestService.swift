package import Logging
package import RPC
import RPCStandardServices
package import ServiceKit
import ServiceLifecycle

/// Runs services in this process on a port of the loopback that the system chooses.
package enum TestService {
  /// A logger that says nothing.
  package static var silentLogger: Logger {
    Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  }

  /// A context over a folder, with peers by role.
  package static func context(
    _ name: String,
    folder: String,
    peers: [String: PeerSection] = [:],
    environment: [String: String] = [:]
  ) throws -> ServiceContext {
    ServiceContext(
      name: name,
      configurationFile: "\(name).yaml",
      logger: silentLogger,
      data: try eventually { try DataFolder(folder) },
      metrics: MetricsRegistry(),
      peers: PeerConnections(
        peers: peers,
        tls: nil,
        file: "\(name).yaml",
        logger: silentLogger
      ),
      environment: environment
    )
  }

  /// A configuration from the text of its own sections.
  package static func configuration<Configuration: Decodable>(
    _ type: Configuration.Type,
    _ text: String = ""
  ) throws -> Configuration {
    try ConfigurationLoader(environment: [:]).parse(
      type,
      text: "listen: {host: 127.0.0.1, port: 0}\ntls: off\ndata: unused\n" + text,
      file: "test.yaml"
    )
  }

  /// Runs an assembly for as long as `body` takes, and stops it as SIGTERM would.
  package static func run<Result: Sendable>(
    _ assembly: ServiceAssembly,
    _ body: @escaping @Sendable (RPCClient, PeerSection) async throws -> Result
  ) async throws -> Result {
    let server = RPCServer.withStandardServices(
      configuration: RPCServerConfiguration(host: "127.0.0.1", port: 0, tls: nil),
      services: assembly.services,
      logger: silentLogger
    )
    let group = ServiceGroup(
      services: [server] + assembly.background,
      logger: silentLogger
    )
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      await server.waitUntilListening()
      let section = PeerSection(host: "127.0.0.1", port: server.boundPort ?? 1)
      let client = RPCClient(
        target: RPCTarget(host: section.host, port: section.port),
        tls: nil,
        configuration: RPCClientConfiguration(),
        logger: silentLogger
      )
      let outcome: Swift.Result<Result, any Error>
      do { outcome = .success(try await body(client, section)) } catch { outcome = .failure(error) }
      await client.close()
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      try assembly.close()
      return try outcome.get()
    }
  }

  /// Runs services without anything in the background.
  package static func run<Result: Sendable>(
    _ services: [any RPCService],
    _ body: @escaping @Sendable (RPCClient, PeerSection) async throws -> Result
  ) async throws -> Result {
    try await run(ServiceAssembly(services: services), body)
  }
}

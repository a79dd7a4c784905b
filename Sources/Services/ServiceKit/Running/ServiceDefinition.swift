package import Logging
package import RPC
package import ServiceLifecycle

/// What one service is made of; `ServiceRunner` does the rest.
package protocol ServiceDefinition: Sendable {
  /// The service's own configuration file.
  associatedtype Configuration: ServiceConfiguration

  /// Name of the executable, the log lines and the certificate.
  static var name: String { get }

  /// What it offers, known before anything is loaded.
  static var methods: [RPCMethod] { get }

  /// Builds the service from its configuration; loads models and opens stores.
  static func assemble(
    _ configuration: Configuration,
    in context: ServiceContext
  ) async throws -> ServiceAssembly
}

/// A configuration with the sections that every service has.
package protocol ServiceConfiguration: Decodable, Sendable {
  /// The common sections.
  var common: CommonConfiguration { get set }
}

/// What a service is given.
package struct ServiceContext: Sendable {
  /// Name of the service.
  package let name: String
  /// Path of the configuration file, for errors.
  package let configurationFile: String
  /// Where the service logs.
  package let logger: Logger
  /// The locked data folder.
  package let data: DataFolder
  /// Where the service counts.
  package let metrics: MetricsRegistry
  /// Makes clients of other services.
  package let peers: PeerConnections
  /// Variables of the process, for secrets that a configuration names.
  package let environment: [String: String]

  /// Puts a context together.
  package init(
    name: String,
    configurationFile: String,
    logger: Logger,
    data: DataFolder,
    metrics: MetricsRegistry,
    peers: PeerConnections,
    environment: [String: String]
  ) {
    self.name = name
    self.configurationFile = configurationFile
    self.logger = logger
    self.data = data
    self.metrics = metrics
    self.peers = peers
    self.environment = environment
  }
}

/// A service ready to run.
package struct ServiceAssembly: Sendable {
  /// What the server offers besides health, reflection and metrics.
  package var services: [any RPCService]
  /// What runs beside the server.
  ///
  /// On shutdown these stop first, so that calls which wait for them end.
  package var background: [any Service]
  /// What is closed when no call is under way any more.
  package var close: @Sendable () throws -> Void

  /// Puts an assembly together.
  package init(
    services: [any RPCService],
    background: [any Service] = [],
    close: @escaping @Sendable () throws -> Void = {}
  ) {
    self.services = services
    self.background = background
    self.close = close
  }
}

internal import Logging
package import RPC
package import ServiceKit
internal import ServiceStubs

/// Builds the scalarizer from its configuration.
package enum ScalarizerDefinition: ServiceDefinition {
  /// Name of the executable.
  package static let name = "scalarizer"
  /// What it offers.
  package static var methods: [RPCMethod] { ScalarizerMethods.all }

  /// Opens the history and offers the service.
  package static func assemble(
    _ configuration: ScalarizerServiceConfiguration,
    in context: ServiceContext
  ) async throws -> ServiceAssembly {
    let calls = try makeCalls(
      historyPath: context.data.file("configurations.jsonl"),
      configuration: configuration,
      metrics: context.metrics,
      logger: context.logger
    )
    if let current = calls.store.current {
      context.logger.info(
        "configuration in force",
        metadata: [
          "configuration.version": "\(current.version)", "configuration.hash": "\(current.hash)",
        ]
      )
    }
    return ServiceAssembly(services: [ScalarizerService(calls)])
  }

  /// Makes the handler over a history file.
  static func makeCalls(
    historyPath: String,
    configuration: ScalarizerServiceConfiguration,
    metrics: MetricsRegistry,
    logger: Logger
  ) throws(ServiceKitError) -> ScalarizerCalls {
    let store = try ConfigurationStore(
      path: historyPath,
      initial: configuration.initial,
      logger: logger
    )
    metrics.gauge(MetricCatalog.scalarizerVersion) {
      store.current.map { Double($0.version) }
    }
    return ScalarizerCalls(store: store, limits: configuration.limits, metrics: metrics)
  }
}

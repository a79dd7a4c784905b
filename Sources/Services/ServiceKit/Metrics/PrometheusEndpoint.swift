package import Logging
internal import ServiceLifecycle
internal import TextEndpoint

/// Offers the metrics to Prometheus: `GET /metrics` over plain HTTP, on a port of its own.
///
/// It shows counts and names of methods, no requests and no secrets.
package final class PrometheusEndpoint: Service {
  private let endpoint: TextEndpoint

  /// An endpoint that `run` starts.
  package init(listen: ListenSection, metrics: MetricsRegistry, logger: Logger) {
    let page = TextEndpoint.Page(path: "/metrics", mediaType: PrometheusText.mediaType) {
      PrometheusText.text(metrics.snapshot())
    }
    endpoint = TextEndpoint(host: listen.host, port: listen.port, page: page, logger: logger) {
      metrics.add(to: MetricCatalog.prometheusConnectionsDropped)
    }
  }

  /// The port in use, as soon as it listens; nil when it cannot.
  package func waitUntilListening() async -> Int? { await endpoint.waitUntilListening() }

  /// Listens until the service shuts down.
  package func run() async throws {
    do {
      try await endpoint.run()
    } catch let error as TextEndpointError {
      throw ServiceKitError.unavailable(reason: "prometheus: \(error)")
    }
  }
}

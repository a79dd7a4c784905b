package import Messages
package import RPC
internal import ServiceStubs

/// Answers the calls of the Metrics service that every server offers.
package struct MetricsCalls: MetricsHandler {
  private let registry: MetricsRegistry

  /// Takes the counters to show.
  package init(_ registry: MetricsRegistry) {
    self.registry = registry
  }

  /// The counters and gauges as they stand.
  package func snapshot(
    _ request: MetricsSnapshotRequest,
    context: RPCServerContext
  ) async throws -> MetricsSnapshotReply {
    MetricsSnapshotReply(
      samples: registry.snapshot().map { MetricSample(name: $0.name, value: $0.value) }
    )
  }
}

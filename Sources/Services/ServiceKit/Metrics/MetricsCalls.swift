package import Messages
package import RPC
internal import ServiceStubs

/// Answers the calls of the Metrics service that every server offers.
package struct MetricsCalls: MetricsHandler {
  private let registry: MetricsRegistry

  /// Takes what is to be shown.
  package init(_ registry: MetricsRegistry) {
    self.registry = registry
  }

  /// All metrics as they stand.
  package func snapshot(
    _ request: MetricsSnapshotRequest,
    context: RPCServerContext
  ) async throws -> MetricsSnapshotReply {
    MetricsSnapshotReply(samples: registry.snapshot().map(MetricsCalls.sample))
  }

  private static func sample(_ reading: MetricReading) -> MetricSample {
    let kind: MetricKind =
      switch reading.metric.kind {
      case .counter: .counter
      case .gauge: .gauge
      case .histogram: .histogram
      }
    return MetricSample(
      name: reading.name,
      value: reading.value,
      labels: reading.labels.map { MetricLabel(name: $0.name, value: $0.value) },
      kind: kind,
      unit: reading.metric.unit
    )
  }
}

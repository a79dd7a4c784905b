import ChildProcesses
import Foundation
import Logging
import RPC
import ServiceKit
import ServiceLifecycle
import ServiceTesting
import Testing

@Suite struct MetricsRegistryTests {
  @Test func `the memory and uptime of the process are there`() throws {
    let values = Dictionary(
      uniqueKeysWithValues: MetricsRegistry().snapshot().map { ($0.name, $0.value) }
    )
    #expect(try #require(values["process_resident_memory_peak_bytes"]) > 1_000_000)
    #expect(try #require(values["process_uptime_seconds"]) >= 0)
    #expect(try #require(values["process_open_file_descriptors"]) > 2)
  }

  @Test func `counters add up by label and gauges are read when asked`() {
    let registry = MetricsRegistry()
    registry.add(2, to: MetricCatalog.accessReloads, "ok")
    registry.add(to: MetricCatalog.accessReloads, "ok")
    registry.add(to: MetricCatalog.accessReloads, "failed")
    registry.gauge(MetricCatalog.scalarizerVersion) { 7 }
    registry.gauge(MetricCatalog.certificateEnd) { nil }
    let readings = registry.snapshot().filter { !$0.name.hasPrefix("process_") }
    #expect(readings.map(\.value) == [1, 3, 7])
    #expect(readings.map(\.values) == [["failed"], ["ok"], []])
  }

  @Test func `every metric is defined once and ends in its unit`() {
    let names = MetricCatalog.all.map(\.name)
    #expect(Set(names).count == names.count)
    for metric in MetricCatalog.all {
      #expect(metric.help.hasSuffix("."), "\(metric.name)")
      #expect(!metric.unit.isEmpty, "\(metric.name)")
      #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
      for unit in ["seconds", "bytes"] where metric.unit == unit {
        #expect(metric.name.contains(unit), "\(metric.name)")
      }
    }
  }

  @Test func `a server's counts are all in the catalog, with their labels`() {
    let readings = RPCServerMetrics().snapshot.readings
    #expect(readings.count > 20)
    for reading in readings {
      #expect(MetricCatalog.all.contains(reading.metric), "\(reading.name)")
      #expect(reading.values.count == reading.metric.labels.count, "\(reading.name)")
    }
  }

  @Test func `a histogram is cumulative and ends at infinity`() throws {
    var histogram = RPCLatencyHistogram()
    histogram.record(microseconds: 50)
    histogram.record(microseconds: 200)
    histogram.record(microseconds: 999_000_000)
    let readings = histogram.readings(of: MetricCatalog.callSeconds, ["a/B"])
    #expect(readings.first?.bound == "0.0001" && readings.first?.value == 1)
    #expect(readings[1].value == 2)
    let last = try #require(readings.last { $0.suffix == "_bucket" })
    #expect(last.bound == "+Inf" && last.value == 3)
    #expect(readings.last?.suffix == "_count" && readings.last?.value == 3)
    #expect(RPCLatencyHistogram().readings(of: MetricCatalog.callSeconds, ["a/B"]).isEmpty)
  }

  @Test func `the text is what Prometheus reads`() {
    let text = PrometheusText.text([
      MetricCatalog.callsOpen.sample(2),
      MetricCatalog.callsEnded.sample(1, "a/\"B\\", "OK"),
      MetricCatalog.callsEnded.sample(0.5, "a/B", "UNKNOWN"),
    ])
    #expect(
      text == """
        # HELP rpc_server_open_calls Calls whose handler runs.
        # TYPE rpc_server_open_calls gauge
        rpc_server_open_calls 2
        # HELP rpc_server_ended_calls_total \(MetricCatalog.callsEnded.help)
        # TYPE rpc_server_ended_calls_total counter
        rpc_server_ended_calls_total{method="a/\\"B\\\\",code="OK"} 1
        rpc_server_ended_calls_total{method="a/B",code="UNKNOWN"} 0.5

        """
    )
  }

  @Test func `the endpoint answers GET and HEAD at its path and nothing else`() async throws {
    let endpoint = PrometheusEndpoint(
      listen: ListenSection(host: "127.0.0.1", port: 0),
      metrics: MetricsRegistry(),
      logger: TestService.silentLogger
    )
    let group = ServiceGroup(services: [endpoint], logger: TestService.silentLogger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      let port = try #require(await endpoint.waitUntilListening())
      let found = try curl(port, ["/metrics"])
      #expect(found.contains("HTTP/1.1 200 OK"))
      #expect(found.contains("text/plain; version=0.0.4"))
      #expect(found.contains("\nprocess_uptime_seconds "))
      #expect(try curl(port, ["/metrics", "-I"]).contains("HTTP/1.1 200 OK"))
      #expect(try curl(port, ["/"]).contains("HTTP/1.1 404 Not Found"))
      #expect(try curl(port, ["/metrics", "-d", "x"]).contains("HTTP/1.1 405 "))
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  private func curl(_ port: Int, _ arguments: [String]) throws -> String {
    let url = "http://127.0.0.1:\(port)\(arguments[0])"
    return try commandOutput(["curl", "-s", "-i", url] + arguments.dropFirst()).output
  }
}

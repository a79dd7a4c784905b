import ServiceKit
import Testing

@Suite struct MetricsRegistryTests {
  @Test func `the memory and uptime of the process are there`() throws {
    let values = Dictionary(
      uniqueKeysWithValues: MetricsRegistry().snapshot().map { ($0.name, $0.value) }
    )
    #expect(try #require(values["process_resident_memory_peak_bytes"]) > 1_000_000)
    #expect(try #require(values["process_uptime_seconds"]) >= 0)
  }

  @Test func `counters add up and gauges are read when asked`() {
    let registry = MetricsRegistry()
    registry.add(2, to: "calls_total")
    registry.add(to: "calls_total")
    registry.gauge("queue_length") { 7 }
    registry.gauge("unknown_bytes") { nil }
    let names = registry.snapshot().filter { !$0.name.hasPrefix("process_") }
    #expect(names.map(\.name) == ["calls_total", "queue_length"])
    #expect(names.map(\.value) == [3, 7])
  }
}

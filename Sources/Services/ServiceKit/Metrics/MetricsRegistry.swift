internal import Foundation
package import RPC
internal import Synchronization

/// What one process counts and measures, by the metrics of `MetricCatalog`.
package final class MetricsRegistry: Sendable {
  private struct Series: Hashable {
    let metric: Metric
    let values: [String]
  }

  private struct State {
    var counters: [Series: Double] = [:]
    var gauges: [Metric: @Sendable () -> Double?] = [:]
    var sources: [@Sendable () -> [MetricReading]] = []
  }

  private let state = Mutex(State())
  private let start = ContinuousClock.now

  /// Makes a registry with the memory, uptime and open files of the process.
  package init() {
    gauge(MetricCatalog.residentMemoryPeak) { Self.statusValue("VmHWM:") }
    gauge(MetricCatalog.residentMemory) { Self.statusValue("VmRSS:") }
    gauge(MetricCatalog.openDescriptors) {
      let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
      return names.map { Double($0.count) }
    }
    let start = self.start
    gauge(MetricCatalog.uptime) { (ContinuousClock.now - start).seconds }
  }

  /// Adds to a counter, making it at 0 first.
  ///
  /// - Parameters:
  ///   - amount: how much.
  ///   - metric: to what.
  ///   - labelValues: one for each label of the metric.
  package func add(_ amount: Double = 1, to metric: Metric, _ labelValues: String...) {
    state.withLock {
      $0.counters[Series(metric: metric, values: labelValues), default: 0] += amount
    }
  }

  /// Registers a value that is read when a snapshot is taken; nil leaves it out.
  package func gauge(_ metric: Metric, _ read: @escaping @Sendable () -> Double?) {
    state.withLock { $0.gauges[metric] = read }
  }

  /// Adds what a server counts.
  package func include(_ server: RPCServerMetrics) {
    include { server.snapshot.readings }
  }

  /// Adds readings that are taken when a snapshot is.
  package func include(_ readings: @escaping @Sendable () -> [MetricReading]) {
    state.withLock { $0.sources.append(readings) }
  }

  /// All values, in the order of the catalog.
  package func snapshot() -> [MetricReading] {
    let (counters, gauges, sources) = state.withLock { ($0.counters, $0.gauges, $0.sources) }
    // Gauges are read outside the lock, since they may count something themselves.
    var readings = counters.map { MetricReading(metric: $0.metric, values: $0.values, value: $1) }
    for (metric, read) in gauges {
      if let value = read() { readings.append(metric.sample(value)) }
    }
    for source in sources { readings += source() }
    return Dictionary(grouping: readings, by: \.metric)
      .sorted {
        (Self.order[$0.key] ?? .max, $0.key.name) < (Self.order[$1.key] ?? .max, $1.key.name)
      }
      .flatMap { metric, readings in
        // The parts of a histogram stay in the order in which they were made.
        metric.kind == .histogram
          ? readings : readings.sorted { $0.values.lexicographicallyPrecedes($1.values) }
      }
  }

  private static let order: [Metric: Int] = Dictionary(
    MetricCatalog.all.enumerated().map { ($1, $0) },
    uniquingKeysWith: { first, _ in first }
  )

  /// A value of `/proc/self/status`, which counts in KiB, in bytes.
  private static func statusValue(_ key: String) -> Double? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else {
      return nil
    }
    let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
    let fields = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }) ?? []
    return fields.count >= 2 ? Double(fields[1]).map { $0 * 1024 } : nil
  }
}

extension Duration {
  /// The duration in seconds.
  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}

internal import Foundation
internal import Synchronization

/// The counters and gauges of one process, whose names end in their unit.
package final class MetricsRegistry: Sendable {
  private struct State {
    var counters: [String: Double] = [:]
    var gauges: [String: @Sendable () -> Double?] = [:]
  }

  private let state = Mutex(State())
  private let start = ContinuousClock.now

  /// Makes a registry with the memory and uptime of the process.
  package init() {
    gauge("process_resident_memory_peak_bytes") { Self.statusValue("VmHWM:") }
    gauge("process_resident_memory_bytes") { Self.statusValue("VmRSS:") }
    let start = self.start
    gauge("process_uptime_seconds") { (ContinuousClock.now - start).seconds }
  }

  /// Adds to a counter, making it at 0 first.
  package func add(_ amount: Double = 1, to name: String) {
    state.withLock { $0.counters[name, default: 0] += amount }
  }

  /// Registers a value that is read when a snapshot is taken; nil leaves it out.
  package func gauge(_ name: String, _ read: @escaping @Sendable () -> Double?) {
    state.withLock { $0.gauges[name] = read }
  }

  /// All values, sorted by name.
  package func snapshot() -> [(name: String, value: Double)] {
    let (counters, gauges) = state.withLock { ($0.counters, $0.gauges) }
    // Gauges are read outside the lock, since they may count something themselves.
    var values = counters
    for (name, read) in gauges { values[name] = read() }
    return values.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
  }

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

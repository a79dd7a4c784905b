package import JSON
internal import Messages
internal import RunReports

/// How a service is, as `morlaif status` shows it.
package struct ServiceStatus: Sendable, Equatable {
  /// Which service.
  package var name: ServiceName
  /// Where it was asked.
  package var endpoint: ServiceEndpoint
  /// Nil when it was not started by this command or does not run.
  package var processNumber: Int?
  /// What it said when it became ready.
  package var version: String?
  /// "serving", "starting", "not serving", "not answering" or "down".
  package var health: String?
  /// Why it is not serving.
  package var detail = ""
  /// Seconds since it began to listen; nil when it does not answer.
  package var uptimeSeconds: Double?
  /// Largest resident memory; nil when it does not answer.
  package var peakMemoryBytes: Double?

  init(name: ServiceName, endpoint: ServiceEndpoint, processNumber: Int?, version: String?) {
    self.name = name
    self.endpoint = endpoint
    self.processNumber = processNumber
    self.version = version
  }

  /// Whether it can be called.
  package var isServing: Bool { health == "serving" }

  static func word(for status: ServingStatus) -> String {
    switch status {
    case .serving: "serving"
    case .starting: "starting"
    case .notServing, .unspecified, .unrecognized: "not serving"
    }
  }

  /// The cells of a table: service, endpoint, health, version, uptime, peak memory, process.
  package var cells: [String] {
    [
      name.rawValue, endpoint.description, health ?? "unknown", version ?? "–",
      Figure.duration(seconds: uptimeSeconds),
      peakMemoryBytes.map { Figure.fixed($0 / 1_048_576, 0) + " MiB" } ?? "–",
      processNumber.map(String.init) ?? "–",
    ]
  }

  /// Names of the cells.
  package static let columns = [
    "service", "endpoint", "health", "version", "uptime", "peak memory", "process",
  ]

  /// The same for scripts.
  package var json: JSONValue {
    [
      "service": .string(name.rawValue), "endpoint": .string(endpoint.description),
      "health": .string(health ?? "unknown"), "detail": .string(detail),
      "version": version.map { .string($0) } ?? .null,
      "uptime_seconds": uptimeSeconds.map { .number($0) } ?? .null,
      "peak_rss_mib": peakMemoryBytes.map { .number($0 / 1_048_576) } ?? .null,
      "process": processNumber.map { .integer($0) } ?? .null,
    ]
  }
}

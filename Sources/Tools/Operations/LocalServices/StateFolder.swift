internal import Foundation
internal import JSON
internal import RunReports

/// Where services started on this machine keep what they need: data, logs and process files.
package struct StateFolder: Sendable, Equatable {
  /// The folder, absolute.
  package let path: String

  /// Takes the folder, which need not exist yet.
  package init(path: String) {
    self.path = URL(fileURLWithPath: path).standardizedFileURL.path
  }

  /// Where certificates are unless the user says otherwise.
  package var certificates: String { path + "/certificates" }

  /// What a service keeps.
  package func data(of name: ServiceName) -> String { "\(path)/data/\(name.rawValue)" }

  /// What a service wrote to its standard streams.
  package func log(of name: ServiceName) -> String { "\(path)/logs/\(name.rawValue).log" }

  /// The number of a service's process.
  package func processFile(of name: ServiceName) -> String { "\(path)/run/\(name.rawValue).pid" }

  /// What a service writes when it accepts connections.
  package func readyFile(of name: ServiceName) -> String { "\(path)/run/\(name.rawValue).ready" }

  /// Makes the folders.
  func make() throws(OperationsError) {
    try NewFolder.make(["data", "logs", "run"].map { "\(path)/\($0)" })
  }

  /// What a service said when it became ready; nil when it has not.
  package func ready(_ name: ServiceName) -> ReadyNote? {
    guard let text = try? TextFile.read(path: readyFile(of: name)),
      let json = try? JSONValue(parsing: text), let host = json["host"]?.text,
      let port = json["port"]?.whole
    else { return nil }
    return ReadyNote(
      endpoint: ServiceEndpoint(host: host, port: port).reachable,
      version: json["version"]?.text
    )
  }

  /// Where the services are: what options say, else what running services said, else the default
  /// ports.
  package func endpoints(
    changedBy options: [String]
  ) throws(OperationsError) -> [ServiceName: ServiceEndpoint] {
    let defaults = try ServiceEndpoint.all(changedBy: [])
    let chosen = try ServiceEndpoint.all(changedBy: options)
    var endpoints: [ServiceName: ServiceEndpoint] = [:]
    for name in ServiceName.allCases {
      let isChosen = options.contains { $0.hasPrefix(name.rawValue + "=") }
      endpoints[name] = isChosen ? chosen[name] : ready(name)?.endpoint ?? defaults[name]
    }
    return endpoints
  }
}

/// What a service says when it becomes ready.
package struct ReadyNote: Sendable, Equatable {
  /// Where it accepts connections.
  package let endpoint: ServiceEndpoint
  /// The version of its program; nil when it did not say.
  package let version: String?
}

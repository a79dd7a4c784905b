package import RunReports

/// What stops a command.
package enum OperationsError: Error, Sendable, CustomStringConvertible {
  /// A recipe or another file of settings cannot be used.
  case settings(file: String, keyPath: String, reason: String)
  /// An option or argument of the command is wrong.
  case usage(String)
  /// An input line or file is wrong.
  case input(String)
  /// A service cannot be reached, or refused.
  case service(name: String, endpoint: String, reason: String)
  /// A file of a run cannot be written or read.
  case report(RunReportError)
  /// A process could not be started or stopped.
  case process(name: String, reason: String)
  /// Something ended otherwise than it should.
  case failed(String)

  /// One sentence for people: what, where, and what to do.
  package var description: String {
    switch self {
    case .settings(let file, let keyPath, let reason):
      keyPath.isEmpty ? "\(file): \(reason)" : "\(file): \(keyPath): \(reason)"
    case .usage(let reason), .input(let reason): reason
    case .service(let name, let endpoint, let reason): "\(name) at \(endpoint): \(reason)"
    case .report(let error): error.description
    case .process(let name, let reason): "\(name): \(reason)"
    case .failed(let reason): reason
    }
  }
}

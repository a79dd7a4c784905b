/// What can go wrong while a service starts, stores and queues work.
package enum ServiceKitError: Error, Sendable, Equatable {
  /// A configuration file cannot be used; `keyPath` is empty when the whole file is at fault.
  case configuration(file: String, keyPath: String, reason: String)
  /// An option of the command line cannot be used.
  case usage(reason: String)
  /// Another process holds the data folder.
  case dataFolderInUse(path: String, holder: String)
  /// The system refused to read or write a file.
  case storage(path: String, reason: String)
  /// The disk has no room for what is to be written; nothing of it was kept.
  case diskFull(path: String, reason: String)
  /// A file that this service wrote earlier does not hold what it should.
  case damaged(path: String, line: Int, reason: String)
  /// Something the service needs from outside (a port, a file, a peer) is not there.
  case unavailable(reason: String)
  /// A bounded queue is full.
  case queueFull(queue: String, lengthMax: Int)
  /// The service is shutting down.
  case stopping
  /// Another job runs already.
  case jobRunning(id: String)
}

extension ServiceKitError: CustomStringConvertible {
  /// One sentence for people: what, where, and what to do.
  package var description: String {
    switch self {
    case .configuration(let file, let keyPath, let reason):
      keyPath.isEmpty ? "\(file): \(reason)" : "\(file): \(keyPath): \(reason)"
    case .usage(let reason): reason
    case .dataFolderInUse(let path, let holder):
      "the data folder \(path) is in use by \(holder); stop that process or choose another --data"
    case .storage(let path, let reason): "\(path): \(reason)"
    case .diskFull(let path, let reason): "\(path): \(reason); make room and try again"
    case .damaged(let path, let line, let reason):
      "\(path), line \(line): \(reason); restore the file or move it away"
    case .unavailable(let reason): reason
    case .queueFull(let queue, let lengthMax):
      "the \(queue) queue already holds \(lengthMax) requests; try again later"
    case .stopping: "the service is shutting down"
    case .jobRunning(let id): "job \(id) is running; wait for it or cancel it"
    }
  }
}

extension ServiceKitError {
  /// How a process that fails with this error ends.
  package var exitStatus: ExitStatus {
    switch self {
    case .configuration: .configuration
    case .usage: .usage
    case .dataFolderInUse, .unavailable: .unavailable
    case .storage, .diskFull, .damaged, .queueFull, .stopping, .jobRunning: .internalFault
    }
  }
}

/// Exit codes of the service executables, after `sysexits.h`.
package enum ExitStatus: Int32, Sendable {
  /// Stopped as asked.
  case clean = 0
  /// The command line is wrong.
  case usage = 64
  /// A port, file, lock or peer cannot be had.
  case unavailable = 69
  /// Anything else.
  case internalFault = 70
  /// The configuration is wrong.
  case configuration = 78
}

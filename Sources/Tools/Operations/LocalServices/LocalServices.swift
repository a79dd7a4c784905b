internal import Foundation
internal import Glibc
package import Logging
internal import Messages
internal import RPC
internal import RunReports

/// The services as processes of this machine.
package struct LocalServices: Sendable {
  /// What happened to a service.
  package enum Outcome: Sendable, Equatable {
    case started(seconds: Double)
    case alreadyRunning
    case stopped
    case notRunning
  }

  private let state: StateFolder
  private let certificates: String
  private let executables: String
  private let configuration: String
  private let environment: [String: String]
  private let logger: Logger

  /// How long a service may take until it answers: a model has to be read.
  private static let startLimit = Duration.seconds(180)
  private static let stopLimit = Duration.seconds(60)
  private static let logLinesShown = 15

  /// Names the folders.
  ///
  /// - Parameters:
  ///   - state: where data, logs and process files are.
  ///   - certificates: where certificates are.
  ///   - executables: folder with the four programs.
  ///   - configuration: folder with NAME.yaml for each.
  ///   - environment: all variables that the services get.
  ///   - logger: where connections say what they do.
  package init(
    state: StateFolder,
    certificates: String,
    executables: String,
    configuration: String,
    environment: [String: String],
    logger: Logger
  ) {
    self.state = state
    self.certificates = certificates
    self.executables = executables
    self.configuration = configuration
    self.environment = environment
    self.logger = logger
  }

  /// Starts services and waits until each answers over mutual TLS.
  ///
  /// - Parameters:
  ///   - names: which ones.
  ///   - listen: addresses for those that shall not listen where their configuration says.
  ///   - told: called with each outcome as it is known.
  /// - Throws: `process` with the last lines of the log of the first that failed; the others are left running.
  package func start(
    _ names: [ServiceName],
    listen: [ServiceName: ServiceEndpoint],
    told: (ServiceName, Outcome) -> Void
  ) async throws {
    try state.make()
    guard FileManager.default.fileExists(atPath: certificates + "/ca.pem") else {
      throw OperationsError.input(
        "there are no certificates in \(certificates); make them with: "
          + "morlaif certificates --directory \(certificates)"
      )
    }
    let began = ContinuousClock.now
    let places = endpoints(changedBy: listen)
    var waiting: [(name: ServiceName, number: pid_t)] = []
    for name in names {
      if ServiceProcess(file: state.processFile(of: name)) != nil {
        told(name, .alreadyRunning)
      } else {
        waiting.append((name, try spawn(name, listen: listen[name], places)))
      }
    }
    for (name, number) in waiting {
      try await waitUntilReady(name, number: number, since: began)
      told(name, .started(seconds: (ContinuousClock.now - began).inSeconds))
    }
  }

  private func spawn(
    _ name: ServiceName,
    listen: ServiceEndpoint?,
    _ places: [String: String]
  ) throws(OperationsError) -> pid_t {
    let program = "\(executables)/\(name.rawValue)"
    let file = "\(configuration)/\(name.rawValue).yaml"
    for (path, what) in [(program, "program"), (file, "configuration")]
    where !FileManager.default.fileExists(atPath: path) {
      throw .process(name: name.rawValue, reason: "its \(what) \(path) does not exist")
    }
    try? FileManager.default.removeItem(atPath: state.readyFile(of: name))  // of an earlier process
    var arguments = [
      "--config", file, "--data", state.data(of: name), "--ready-file",
      state.readyFile(of: name),
    ]
    if let listen { arguments += ["--listen", listen.description] }
    let number = try ProcessStart.detached(
      path: program,
      arguments: arguments,
      environment: environment.merging(places) { $1 },
      log: state.log(of: name)
    )
    try ServiceProcess(number: number)?.write(to: state.processFile(of: name))
    return number
  }

  /// Where services call each other, as variables of the shipped configuration files: what was asked for,
  /// and where those are that run already.
  private func endpoints(changedBy listen: [ServiceName: ServiceEndpoint]) -> [String: String] {
    var variables: [String: String] = [:]
    for name in ServiceName.allCases {
      let prefix = name.rawValue.uppercased().replacing("-", with: "_")
      let isGiven = ["HOST", "PORT", "ENDPOINTS"].contains { environment["\(prefix)_\($0)"] != nil }
      let isRunning = ServiceProcess(file: state.processFile(of: name)) != nil
      let running = isRunning && !isGiven ? state.ready(name)?.endpoint : nil
      guard let place = listen[name]?.reachable ?? running else { continue }
      variables["\(prefix)_HOST"] = place.host
      variables["\(prefix)_PORT"] = "\(place.port)"
      variables["\(prefix)_ENDPOINTS"] = place.description
    }
    return variables
  }

  private func waitUntilReady(
    _ name: ServiceName,
    number: pid_t,
    since: ContinuousClock.Instant
  ) async throws {
    while true {
      if let outcome = ProcessStart.outcome(of: number) {
        throw failure(name, "it ended at once with \(outcome)")
      }
      if let ready = state.ready(name), try await isServing(name, ready.endpoint) { return }
      if ContinuousClock.now - since > Self.startLimit {
        throw failure(
          name,
          "it did not become ready within \(Self.startLimit.components.seconds) s"
        )
      }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  private func isServing(_ name: ServiceName, _ endpoint: ServiceEndpoint) async throws -> Bool {
    let connections = ServiceConnections(
      endpoints: [name: endpoint],
      certificates: certificates,
      logger: logger
    )
    let health = try? await connections.health(of: name, timeout: .seconds(5))
    await connections.close()
    return health?.status == .serving
  }

  private func failure(_ name: ServiceName, _ reason: String) -> OperationsError {
    let lines = lastLines(of: state.log(of: name)).map { "  " + $0 }.joined(separator: "\n")
    return .process(
      name: name.rawValue,
      reason: "\(reason); the last lines of \(state.log(of: name)):\n\(lines)"
    )
  }

  private func lastLines(of path: String) -> [Substring] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").suffix(Self.logLinesShown)
  }

  /// Asks services to end and waits until they have.
  ///
  /// - Parameters:
  ///   - names: which ones; they are asked in reverse order.
  ///   - force: ends those that take longer than a minute.
  ///   - told: called with each outcome as it is known.
  /// - Throws: `process` when one goes on running.
  package func stop(
    _ names: [ServiceName],
    force: Bool,
    told: (ServiceName, Outcome) -> Void
  ) async throws {
    let running = names.reversed().map { ($0, ServiceProcess(file: state.processFile(of: $0))) }
    for (_, process) in running { process?.send(SIGTERM) }
    for (name, process) in running {
      if let process {
        try await waitForEnd(of: process, name: name, force: force)
        told(name, .stopped)
      } else {
        told(name, .notRunning)
      }
      for path in [state.processFile(of: name), state.readyFile(of: name)] {
        try? FileManager.default.removeItem(atPath: path)  // absent when it was not running
      }
    }
  }

  private func waitForEnd(
    of process: ServiceProcess,
    name: ServiceName,
    force: Bool
  ) async throws {
    let began = ContinuousClock.now
    var wasKilled = false
    while process.isRunning {
      if ContinuousClock.now - began > Self.stopLimit {
        guard force, !wasKilled else {
          throw OperationsError.process(
            name: name.rawValue,
            reason: "process \(process.number) has not ended within "
              + "\(Self.stopLimit.components.seconds) s; --force ends it"
          )
        }
        process.send(SIGKILL)
        wasKilled = true
      }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  /// How one service is.
  package func status(_ name: ServiceName, endpoint: ServiceEndpoint) async -> ServiceStatus {
    let process = ServiceProcess(file: state.processFile(of: name))
    var status = ServiceStatus(
      name: name,
      endpoint: endpoint,
      processNumber: process.map { Int($0.number) },
      version: state.ready(name)?.version
    )
    let connections = ServiceConnections(
      endpoints: [name: endpoint],
      certificates: certificates,
      logger: logger
    )
    do throws(RPCError) {
      let health = try await connections.health(of: name, timeout: .seconds(3))
      status.health = ServiceStatus.word(for: health.status)
      status.detail = health.detail
      status.uptimeSeconds = health.uptimeSeconds
      let metrics = try await connections.metrics(of: name, timeout: .seconds(3))
      status.peakMemoryBytes = metrics["process_resident_memory_peak_bytes"]
    } catch {
      let isDown = process == nil && error.code == .unavailable
      if status.health == nil { status.health = isDown ? "down" : "not answering" }
      status.detail =
        isDown
        ? "nothing answers at \(endpoint); start it with: morlaif up \(name.rawValue)"
        : "\(error.code): \(error.message)"
    }
    await connections.close()
    return status
  }
}

extension Duration {
  /// The duration in seconds.
  var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}

import ChildProcesses
import Foundation

/// The four services as real processes over mutual TLS on ports that the system chose.
final class Cluster {
  /// Something that did not come up.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// One running service.
  struct Member {
    let process: Process
    let port: Int
    /// The program that runs; several members may run the same.
    let program: String
    /// Whether it was stopped here, and its process number is nobody's any more.
    var hasEnded = false
  }

  /// What a ready file says.
  struct Ready: Decodable {
    let port: Int
    let prometheusPort: Int?

    enum CodingKeys: String, CodingKey {
      case port
      case prometheusPort = "prometheus_port"
    }
  }

  static let names = ["labeler", "scalarizer", "preference-model", "policy-trainer"]

  let folder: TemporaryFolder
  private let watch: FolderWatch
  private let model: String
  /// Settings that stand in for a shipped file, by service.
  private var configurations: [String: String]
  private(set) var members: [String: Member] = [:]

  /// Makes certificates and starts `services` in an order in which each finds its peers.
  init(
    _ services: [String] = Cluster.names,
    model: String = Program.tinyModel,
    configurations: [String: String] = [:]
  ) throws {
    folder = try TemporaryFolder()
    watch = try FolderWatch(folder.url.path)
    self.model = model
    self.configurations = configurations
    let made = try Program.run("morlaif", ["certificates", "--directory", certificates])
    guard made.status == 0 else { throw Failure(description: made.errors) }
    for service in services { try start(service) }
  }

  deinit {
    for member in members.values where !member.hasEnded {
      kill(member.process.processIdentifier, SIGKILL)
      _ = member.process.reap()
    }
  }

  /// Gives a service a file of its own settings instead of the shipped one.
  func configure(_ name: String, _ text: String) { configurations[name] = text }

  var certificates: String { folder.path("certificates") }

  /// What the shipped configuration files need to find certificates, model and peers.
  var environment: [String: String] {
    var values = [
      "MORLAIF_CERTIFICATES": certificates, "MORLAIF_MODEL": model,
      // One thread each: four services and the tests share two cores.
      "OPENBLAS_NUM_THREADS": "1",
    ]
    for (name, member) in members {
      let prefix = name.uppercased().replacingOccurrences(of: "-", with: "_")
      values["\(prefix)_HOST"] = "127.0.0.1"
      values["\(prefix)_PORT"] = "\(member.port)"
    }
    return values
  }

  /// Starts a service without waiting for it.
  ///
  /// - Parameters:
  ///   - name: which one; data, log and ready file are named for it.
  ///   - program: what it runs, when that is not its name.
  ///   - listen: where; nil is the port it had when it has run before, or one that the system chooses.
  ///   - settings: lines added to its configuration file.
  ///   - wrapper: a command that is given the service's command line, and becomes it.
  ///   - variables: for its environment, before those of the cluster.
  /// - Returns: its process.
  /// - Throws: what the system says when it cannot be started.
  func begin(
    _ name: String,
    program: String? = nil,
    listen: String? = nil,
    settings: String = "",
    wrapper: [String] = [],
    variables: [String: String] = [:]
  ) throws -> Process {
    let ready = folder.path("\(name).ready")
    try? FileManager.default.removeItem(atPath: ready)
    let log = folder.path("\(name).log")
    if !FileManager.default.fileExists(atPath: log) {
      try Data().write(to: URL(fileURLWithPath: log))
    }
    let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
    try output.seekToEnd()
    let command =
      wrapper + [
        Program.folder.appendingPathComponent(program ?? name).path, "--config",
        try configuration(of: program ?? name, settings), "--data", data(of: name), "--listen",
        listen ?? "127.0.0.1:\(members[name]?.port ?? 0)", "--ready-file", ready,
      ]
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      .merging(variables) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    let ended = folder.path("\(name).ended")
    // Whoever waits for the ready file looks again when this appears.
    process.terminationHandler = { _ in try? Data().write(to: URL(fileURLWithPath: ended)) }
    try process.run()
    return process
  }

  /// Starts a service as `begin` does, on the port it had when it has run before, and waits until it
  /// is ready.
  @discardableResult
  func start(
    _ name: String,
    program: String? = nil,
    settings: String = "",
    wrapper: [String] = [],
    variables: [String: String] = [:]
  ) throws -> Member {
    let process = try begin(
      name,
      program: program,
      settings: settings,
      wrapper: wrapper,
      variables: variables
    )
    let member = Member(
      process: process,
      port: try port(of: name, process),
      program: program ?? name
    )
    members[name] = member
    return member
  }

  /// Where a service keeps its data.
  func data(of name: String) -> String { folder.path("data-\(name)") }

  /// What a service said when it was ready.
  func ready(_ name: String) throws -> Ready {
    let file = URL(fileURLWithPath: folder.path("\(name).ready"))
    return try JSONDecoder().decode(Ready.self, from: Data(contentsOf: file))
  }

  /// The file of a service's settings: the shipped one, or its stand-in, with lines added.
  private func configuration(of name: String, _ settings: String) throws -> String {
    let shipped = Program.shippedConfiguration(of: name)
    guard configurations[name] != nil || !settings.isEmpty else { return shipped }
    let text = try configurations[name] ?? String(contentsOfFile: shipped, encoding: .utf8)
    let file = folder.path("\(name).yaml")
    try (text + "\n" + settings + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }

  /// Ends a service at once, as a crash would.
  func crash(_ name: String) throws {
    guard let member = members[name] else { throw Failure(description: "\(name) has not run") }
    kill(member.process.processIdentifier, SIGKILL)
    _ = member.process.reap()
    members[name]?.hasEnded = true
  }

  /// Asks a service to stop and gives its exit code.
  func stop(_ name: String) throws -> Int32 {
    guard let member = members[name] else { throw Failure(description: "\(name) has not run") }
    member.process.terminate()
    members[name]?.hasEnded = true
    return member.process.reap()
  }

  func endpoint(_ name: String) -> String { "127.0.0.1:\(members[name]?.port ?? 0)" }

  func log(_ name: String) -> String {
    (try? String(contentsOfFile: folder.path("\(name).log"), encoding: .utf8)) ?? ""
  }

  /// Runs the command line with this cluster's environment.
  func morlaif(_ arguments: [String], input: String = "") throws -> Program.Outcome {
    try Program.run("morlaif", arguments, input: input, environment: environment)
  }

  /// Starts the command line without waiting; its output goes to a file.
  ///
  /// With `secondsMax` it is ended with exit code 124 when it has not ended by then.
  func launch(
    _ arguments: [String],
    input: Pipe? = nil,
    output: String,
    secondsMax: Int? = nil
  ) throws -> Process {
    let process = Process()
    let program = Program.folder.appendingPathComponent("morlaif").path
    let command = (secondsMax.map { ["timeout", "\($0)"] } ?? []) + [program] + arguments
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = input ?? FileHandle.nullDevice
    try Data().write(to: URL(fileURLWithPath: output))
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    return process
  }

  /// Waits until `condition` holds; it is asked again whenever a file of the cluster's folder changes.
  func wait(for what: String, seconds: Double = 60, until condition: () throws -> Bool) throws {
    guard try watch.wait(seconds: seconds, until: condition) else {
      throw Failure(description: "no \(what) within \(seconds) s")
    }
  }

  /// Waits until the log of a service has a line with `text`, `count` of them.
  @discardableResult
  func line(of name: String, with text: String, count: Int = 1) throws -> String {
    var lines: [Substring] = []
    try wait(for: "'\(text)' in the log of \(name): \(log(name).suffix(2000))") {
      lines = log(name).split(separator: "\n").filter { $0.contains(text) }
      return lines.count >= count
    }
    return lines.last.map(String.init) ?? ""
  }

  private func port(of name: String, _ process: Process) throws -> Int {
    let file = folder.path("\(name).ready")
    try wait(for: "ready file of \(name); its log: \(log(name))") {
      guard process.isRunning else {
        throw Failure(description: "\(name) ended: \(log(name).suffix(2000))")
      }
      return FileManager.default.fileExists(atPath: file)
    }
    return try ready(name).port
  }
}

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
    /// Whether it was stopped here, and its process number is nobody's any more.
    var hasEnded = false
  }

  static let names = ["labeler", "scalarizer", "preference-model", "policy-trainer"]

  let folder: TemporaryFolder
  private let model: String
  /// Settings that stand in for a shipped file, by service.
  private let configurations: [String: String]
  private(set) var members: [String: Member] = [:]

  /// Makes certificates and starts `services` in an order in which each finds its peers.
  init(
    _ services: [String] = Cluster.names,
    model: String = Program.tinyModel,
    configurations: [String: String] = [:]
  ) throws {
    folder = try TemporaryFolder()
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

  /// The file of a service's settings.
  private func configuration(of name: String) throws -> String {
    guard let settings = configurations[name] else { return Program.shippedConfiguration(of: name) }
    let path = folder.path("\(name).yaml")
    try Data(settings.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Starts a service, on the port it had when it has run before, and waits until it listens.
  @discardableResult
  func start(_ name: String) throws -> Member {
    let ready = folder.path("\(name).ready")
    try? FileManager.default.removeItem(atPath: ready)
    let log = folder.path("\(name).log")
    if !FileManager.default.fileExists(atPath: log) {
      try Data().write(to: URL(fileURLWithPath: log))
    }
    let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
    try output.seekToEnd()
    let process = Process()
    process.executableURL = Program.folder.appendingPathComponent(name)
    process.arguments = [
      "--config", try configuration(of: name),
      "--data", folder.path("data-\(name)"), "--listen", "127.0.0.1:\(members[name]?.port ?? 0)",
      "--ready-file", ready,
    ]
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let member = Member(process: process, port: try port(of: name, in: ready, process))
    members[name] = member
    return member
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
  func launch(_ arguments: [String], output: String) throws -> Process {
    let process = Process()
    process.executableURL = Program.folder.appendingPathComponent("morlaif")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    try Data().write(to: URL(fileURLWithPath: output))
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    return process
  }

  /// Waits until `condition` holds, looking again as soon as the machine has had a moment.
  func wait(for what: String, seconds: Double = 60, until condition: () throws -> Bool) throws {
    let end = Date().addingTimeInterval(seconds)
    while try !condition() {
      guard Date() < end else { throw Failure(description: "no \(what) within \(seconds) s") }
      usleep(5_000)
    }
  }

  private func port(of name: String, in ready: String, _ process: Process) throws -> Int {
    struct Ready: Decodable { let port: Int }
    try wait(for: "ready file of \(name); its log: \(log(name))") {
      guard process.isRunning else {
        throw Failure(description: "\(name) ended: \(log(name).suffix(2000))")
      }
      return FileManager.default.fileExists(atPath: ready)
    }
    return try JSONDecoder().decode(Ready.self, from: Data(contentsOf: URL(fileURLWithPath: ready)))
      .port
  }
}

import ChildProcesses
import Foundation

/// A program of ours, run to its end.
struct Program {
  /// How a program ended and what it printed.
  struct Outcome {
    let status: Int32
    let output: String
    let errors: String
  }

  /// The folder with the built executables: named by the environment, else the one of the test bundle.
  static let folder: URL = {
    if let named = ProcessInfo.processInfo.environment["MORLAIF_BIN_DIR"] {
      return URL(fileURLWithPath: named)
    }
    return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
  }()

  /// Whether the executables have been built.
  static let isBuilt = FileManager.default.isExecutableFile(
    atPath: folder.appendingPathComponent("morlaif").path
  )

  /// The project's root.
  static let projectRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The random model of 42,016 parameters that the services run on in these tests.
  static let tinyModel = projectRoot.appendingPathComponent("Tests/Vectors/models/tiny-chat").path

  /// The file of settings that a service is shipped with.
  static func shippedConfiguration(of service: String) -> String {
    projectRoot.appendingPathComponent("compose/config/\(service).yaml").path
  }

  /// SmolLM2, where the environment names it.
  static let realModel = ProcessInfo.processInfo.environment["MORLAIF_TEST_MODEL"]

  /// Runs `name` of the built executables, or a program of the system when it has a slash.
  static func run(
    _ name: String,
    _ arguments: [String],
    input: String = "",
    environment: [String: String] = [:]
  ) throws -> Outcome {
    let process = Process()
    process.executableURL =
      name.contains("/") ? URL(fileURLWithPath: name) : folder.appendingPathComponent(name)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    // Files rather than pipes: nothing can fill up while nobody reads.
    let folder = try TemporaryFolder()
    let files = ["in", "out", "err"].map { folder.url.appendingPathComponent($0) }
    try Data(input.utf8).write(to: files[0])
    try Data().write(to: files[1])
    try Data().write(to: files[2])
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    let status = process.reap()
    return Outcome(
      status: status,
      output: try String(contentsOf: files[1], encoding: .utf8),
      errors: try String(contentsOf: files[2], encoding: .utf8)
    )
  }
}

/// A folder that goes away with the value.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("morlaif-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  /// A path inside the folder.
  func path(_ name: String) -> String {
    url.appendingPathComponent(name).path
  }
}

import ChildProcesses
import Foundation
import JSON
import RunReports

/// The built program, run as a user runs it.
enum Morlaif {
  /// What a run of the program left behind.
  struct Outcome {
    var code: Int32
    var output: String
    var errors: String

    /// Standard output as JSON lines.
    func records() throws -> [JSONValue] {
      try output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }
  }

  /// The repository.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// The programs are built beside the tests.
  static let programs = URL(
    fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
  ).deletingLastPathComponent().path

  /// Runs the program to its end; `streams` is what a shell would do to its streams, as in `2>&-`.
  static func run(
    _ arguments: [String],
    input: String = "",
    environment: [String: String] = [:],
    streams: String = ""
  ) throws -> Outcome {
    let process = Process()
    let program = programs + "/morlaif"
    process.executableURL = URL(fileURLWithPath: streams.isEmpty ? program : "/bin/sh")
    process.arguments =
      streams.isEmpty
      ? arguments : ["-c", "exec \"$0\" \"$@\" \(streams)", program] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    // Files rather than pipes: nothing can fill up and wait.
    let folder = NSTemporaryDirectory() + "morlaif-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func handle(_ name: String, _ text: String = "") throws -> FileHandle {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
      return try FileHandle(forUpdating: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    process.standardInput = try handle("in", input)
    process.standardOutput = try handle("out")
    process.standardError = try handle("err")
    try process.run()
    let code = process.reap()
    func text(_ name: String) throws -> String {
      try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }
    return Outcome(
      code: code,
      output: try text("out"),
      errors: try text("err")
    )
  }
}

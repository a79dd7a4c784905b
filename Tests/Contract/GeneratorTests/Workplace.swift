import ChildProcesses
import Foundation

/// Where the repository, the built plugin and temporary files are.
struct Workplace {
  /// The repository's root.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().appendingPathComponent("../../..").standardizedFileURL

  /// The built plugin: in `MORLAIF_BIN_DIR`, or beside the test program.
  static var plugin: URL {
    let folder: URL
    if let path = ProcessInfo.processInfo.environment["MORLAIF_BIN_DIR"] {
      folder = URL(fileURLWithPath: path)
    } else {
      let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      folder = program.deletingLastPathComponent()
    }
    return folder.appendingPathComponent("protoc-gen-morlaif")
  }

  /// How a program ended.
  struct Outcome {
    let status: Int32
    let output: String
    let errors: String
  }

  /// Runs a program to its end.
  static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
    try withFolder { folder in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = arguments
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      let outputFile = folder.appendingPathComponent("output")
      let errorFile = folder.appendingPathComponent("errors")
      for file in [outputFile, errorFile] {
        try Data().write(to: file)
      }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = try FileHandle(forWritingTo: outputFile)
      process.standardError = try FileHandle(forWritingTo: errorFile)
      try process.run()
      let status = process.reap()
      return Outcome(
        status: status,
        output: String(decoding: try Data(contentsOf: outputFile), as: UTF8.self),
        errors: String(decoding: try Data(contentsOf: errorFile), as: UTF8.self)
      )
    }
  }

  /// Lends a temporary folder.
  static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("generator-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}

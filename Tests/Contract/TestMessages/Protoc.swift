internal import ChildProcesses
import Foundation

/// Google's own encoder and decoder, as the program `protoc`.
package struct Protoc {
  /// Folder that holds the test `.proto`.
  static var vectors: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Vectors/contract").standardizedFileURL
  }

  /// What was wrong with a run of protoc.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// The text form of an encoded message.
  package static func decode(_ bytes: [UInt8], as message: String) throws -> [UInt8] {
    try run(["--decode=\(message)"], input: bytes)
  }

  /// The encoded form of a message in text form.
  package static func encode(_ text: [UInt8], as message: String) throws -> [UInt8] {
    try run(["--encode=\(message)"], input: text)
  }

  /// The `FileDescriptorSet` of the test `.proto`.
  package static func descriptorSet() throws -> [UInt8] {
    try run(["--include_imports", "--descriptor_set_out=/dev/stdout"], input: [])
  }

  /// The `FileDescriptorSet` of another `.proto`, given as text.
  package static func descriptorSet(of source: String) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("protoc-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(source.utf8).write(to: folder.appendingPathComponent("test.proto"))
    return try run(
      ["--descriptor_set_out=/dev/stdout"],
      input: [],
      file: "test.proto",
      in: folder.path
    )
  }

  private static func run(
    _ arguments: [String],
    input: [UInt8],
    file: String = "everything.proto",
    in folder: String? = nil
  ) throws -> [UInt8] {
    try runProtoc(["-I", folder ?? vectors.path] + arguments + [file], input: input)
  }

  private static func runProtoc(_ arguments: [String], input: [UInt8]) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["protoc"] + arguments
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("protoc-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files rather than pipes: a message of any size cannot block either side.
    let inputFile = folder.appendingPathComponent("input")
    let outputFile = folder.appendingPathComponent("output")
    let errorFile = folder.appendingPathComponent("error")
    try Data(input).write(to: inputFile)
    for file in [outputFile, errorFile] {
      try Data().write(to: file)
    }
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = try FileHandle(forWritingTo: errorFile)
    try process.run()
    guard process.reap() == 0 else {
      throw Failure(description: String(decoding: try Data(contentsOf: errorFile), as: UTF8.self))
    }
    return [UInt8](try Data(contentsOf: outputFile))
  }
}

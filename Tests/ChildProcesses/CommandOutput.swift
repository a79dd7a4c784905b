import Foundation

/// Runs a program of the search path with nothing to read; its exit code, and output and errors together.
package func commandOutput(_ command: [String]) throws -> (status: Int32, output: String) {
  // A file rather than a pipe: nobody else can hold its other end open.
  let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try Data().write(to: file)
  defer { try? FileManager.default.removeItem(at: file) }
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = command
  process.standardInput = FileHandle.nullDevice
  let handle = try FileHandle(forWritingTo: file)
  try handle.seekToEnd()
  process.standardOutput = handle
  process.standardError = handle
  try process.run()
  let status = process.reap()
  return (status, String(decoding: try Data(contentsOf: file), as: UTF8.self))
}

internal import Foundation
internal import Glibc
internal import JSON
internal import Operations
internal import RunReports

/// Standard output and error.
enum Output {
  /// Writes a line to standard output.
  static func line(_ text: String) throws {
    try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
  }

  /// Writes a line to standard error.
  static func note(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }

  /// Writes a table.
  static func table(_ table: TextTable) throws {
    for line in table.lines { try self.line(line) }
  }
}

/// Writes JSON lines to a file or to standard output.
final class RecordWriter {
  private let handle: FileHandle

  /// Opens a file anew; `-` is standard output.
  init(path: String) throws {
    if path == "-" {
      handle = .standardOutput
    } else {
      let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else {
        throw OperationsError.input(
          "cannot write \(path): \(String(cString: strerror(errno)))"
        )
      }
      handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
  }

  /// Writes a value as a line at once, so that whoever reads the pipe sees it.
  func write(_ value: JSONValue) throws {
    try handle.write(contentsOf: Data((value.line + "\n").utf8))
  }
}

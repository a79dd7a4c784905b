internal import Glibc
internal import JSON
internal import Operations
internal import ServiceKit

/// Standard output and error.
enum Output {
  /// Writes a line to standard output.
  static func line(_ text: String) throws {
    try StandardStreams.write(text + "\n")
  }

  /// Writes a line to standard error.
  static func note(_ text: String) {
    StandardStreams.note(text + "\n")
  }

  /// Writes a table.
  static func table(_ table: TextTable) throws {
    for line in table.lines { try self.line(line) }
  }
}

/// Writes JSON lines to a file or to standard output.
final class RecordWriter {
  private let path: String
  /// Nil for standard output.
  private let descriptor: Int32?

  /// Opens a file anew; `-` is standard output.
  init(path: String) throws {
    self.path = path
    guard path != "-" else {
      descriptor = nil
      return
    }
    let opened = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard opened >= 0 else {
      let reason = unsafe String(cString: strerror(errno))
      throw OperationsError.input("cannot write \(path): \(reason)")
    }
    descriptor = opened
  }

  deinit {
    if let descriptor { close(descriptor) }
  }

  /// Writes a value as a line at once, so that whoever reads the pipe sees it.
  func write(_ value: JSONValue) throws {
    let line = value.line + "\n"
    guard let descriptor else { return try StandardStreams.write(line) }
    try DurableFile.write(Array(line.utf8), to: descriptor, path: path)
  }
}

internal import Glibc

/// Reads lines of UTF-8 from a file or standard input as they come.
package final class LineReader {
  /// What errors call the source.
  package let name: String
  /// Number of the line last read, from 1.
  package private(set) var lineNumber = 0
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var start = 0
  private var isAtEnd = false

  private static let lineBytesMax = 64 << 20

  /// Opens a file; `-` is standard input.
  package init(path: String) throws(OperationsError) {
    if path == "-" {
      name = "standard input"
      descriptor = dup(0)
    } else {
      name = path
      descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    }
    guard descriptor >= 0 else {
      throw .input("cannot open \(name): \(unsafe String(cString: strerror(errno)))")
    }
  }

  deinit {
    close(descriptor)
  }

  /// The next line without its end; nil at the end of the input.
  package func next() throws(OperationsError) -> String? {
    var searched = 0
    while true {
      if let end = buffer[(start + searched)...].firstIndex(of: 0x0a) {
        defer { start = end + 1 }
        return try text(start..<end)
      }
      searched = buffer.count - start
      if isAtEnd {
        defer { start = buffer.count }
        return searched > 0 ? try text(start..<buffer.count) : nil
      }
      guard searched <= Self.lineBytesMax else {
        throw .input("\(name), line \(lineNumber + 1): longer than 64 MiB")
      }
      try fill()
    }
  }

  /// Everything that is left.
  package func rest() throws(OperationsError) -> String {
    while !isAtEnd {
      guard buffer.count - start <= Self.lineBytesMax else {
        throw .input("\(name): larger than 64 MiB")
      }
      try fill()
    }
    defer { start = buffer.count }
    return try text(start..<buffer.count)
  }

  private func text(_ range: Range<Int>) throws(OperationsError) -> String {
    lineNumber += 1
    guard let text = String(validating: buffer[range], as: UTF8.self) else {
      throw .input("\(name), line \(lineNumber): not UTF-8")
    }
    return text
  }

  /// Reads more, after moving what is left to the front.
  private func fill() throws(OperationsError) {
    buffer.removeSubrange(..<start)
    start = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe read(descriptor, &chunk, chunk.count)
    if count < 0 {
      if errno == EINTR { return }
      throw .input("cannot read \(name): \(unsafe String(cString: strerror(errno)))")
    }
    if count == 0 { isAtEnd = true }
    buffer += chunk.prefix(count)
  }
}

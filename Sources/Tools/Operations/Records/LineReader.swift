internal import Glibc
internal import Synchronization

/// Reads lines of UTF-8 from a file or standard input as they come.
package final class LineReader: Sendable {
  /// Bytes that were read and are not yet lines.
  private struct Unread: Sendable {
    var bytes: [UInt8] = []
    var start = 0
    var isAtEnd = false
  }

  /// What errors call the source.
  package let name: String
  private let descriptor: Int32
  private let lines = Atomic<Int>(0)
  private let unread = Mutex(Unread())

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

  /// Number of the line last read, from 1; does not wait for a read that is under way.
  package var lineNumber: Int { lines.load(ordering: .relaxed) }

  /// The next line without its end; nil at the end of the input.
  ///
  /// Blocks while there is none; `BlockingInput` lets that happen on a thread that nobody needs.
  package func next() throws(OperationsError) -> String? {
    let result = unread.withLock { unread in
      Result { () throws(OperationsError) in try line(&unread) }
    }
    return try result.get()
  }

  private func line(_ unread: inout Unread) throws(OperationsError) -> String? {
    var searched = 0
    while true {
      if let end = unread.bytes[(unread.start + searched)...].firstIndex(of: 0x0a) {
        defer { unread.start = end + 1 }
        return try text(unread.bytes[unread.start..<end])
      }
      searched = unread.bytes.count - unread.start
      if unread.isAtEnd {
        defer { unread.start = unread.bytes.count }
        return searched > 0 ? try text(unread.bytes[unread.start...]) : nil
      }
      guard searched <= Self.lineBytesMax else {
        throw .input("\(name), line \(lineNumber + 1): longer than 64 MiB")
      }
      try fill(&unread)
    }
  }

  private func text(_ bytes: ArraySlice<UInt8>) throws(OperationsError) -> String {
    lines.wrappingAdd(1, ordering: .relaxed)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .input("\(name), line \(lineNumber): not UTF-8")
    }
    return text
  }

  /// Reads more, after moving what is left to the front.
  private func fill(_ unread: inout Unread) throws(OperationsError) {
    unread.bytes.removeSubrange(..<unread.start)
    unread.start = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe read(descriptor, &chunk, chunk.count)
    if count < 0 {
      if errno == EINTR { return }
      throw .input("cannot read \(name): \(unsafe String(cString: strerror(errno)))")
    }
    if count == 0 { unread.isAtEnd = true }
    unread.bytes += chunk.prefix(count)
  }
}

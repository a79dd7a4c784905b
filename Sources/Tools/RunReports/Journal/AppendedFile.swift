internal import Glibc

/// A file that only grows, one whole write at a time.
///
/// Each write goes to the kernel before the call returns and, when asked for, to the disk: a
/// process that is killed loses nothing that it was told is written.
package final class AppendedFile: Sendable {
  /// Where the file is.
  package let path: String
  /// How long the last line was that a crash cut short and that was removed; 0 when there was none.
  package let removedBytes: Int
  private let descriptor: Int32

  /// Opens or makes the file; a last line that a crash cut short is removed when `repairsLines`.
  package init(path: String, repairsLines: Bool) throws(RunReportError) {
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.failure(path, "open") }
    self.path = path
    self.descriptor = descriptor
    do throws(RunReportError) {
      removedBytes = repairsLines ? try Self.removeTornLine(descriptor, path) : 0
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit {
    close(descriptor)
  }

  /// Writes all bytes at the end; with `toDisk` it waits until the disk has them.
  package func append(_ bytes: [UInt8], toDisk: Bool) throws(RunReportError) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw Self.failure(path, "write to")
      }
      written += count
    }
    if toDisk, fsync(descriptor) != 0 { throw Self.failure(path, "flush") }
  }

  /// Writes one line, its end included.
  package func append(line: String, toDisk: Bool) throws(RunReportError) {
    try append(Array(line.utf8) + [0x0a], toDisk: toDisk)
  }

  /// Removes what follows the last newline; gives how much it was, in bytes.
  private static func removeTornLine(
    _ descriptor: Int32,
    _ path: String
  ) throws(RunReportError) -> Int {
    let size = lseek(descriptor, 0, SEEK_END)
    guard size > 0 else { return 0 }
    var end = size
    var byte: UInt8 = 0
    while end > 0 {
      guard unsafe pread(descriptor, &byte, 1, end - 1) == 1 else {
        throw failure(path, "read")
      }
      if byte == 0x0a { break }
      end -= 1
    }
    if end < size, ftruncate(descriptor, end) != 0 { throw failure(path, "repair") }
    return Int(size - end)
  }

  private static func failure(_ path: String, _ action: String) -> RunReportError {
    .file(path: path, action: action, reason: unsafe String(cString: strerror(errno)))
  }
}

internal import Foundation
internal import Glibc
package import Logging

/// A file of JSON lines that only grows.
///
/// A line that `append` returned from is on the disk; a line that a kill cut short is dropped, with a
/// warning, when the file is opened again, and one that a full disk cut short at once.
package final class JournalFile<Entry: Codable & Sendable>: @unchecked Sendable {
  // SAFETY: `descriptor` is set once; it and `byteCount` are used under `lock` only.
  private let lock = NSLock()
  private let descriptor: Int32
  /// End of the last whole line.
  private var byteCount: off_t
  private let path: String

  /// Opens the file, making it when it is missing, and returns it with the entries it holds.
  package static func open(
    _ path: String,
    logger: Logger
  ) throws(ServiceKitError) -> (JournalFile, [Entry]) {
    let (entries, validByteCount) = try read(path, logger)
    let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw DurableFile.failure(path, "cannot be opened") }
    guard
      ftruncate(descriptor, off_t(validByteCount)) == 0,
      lseek(descriptor, 0, SEEK_END) >= 0
    else {
      defer { close(descriptor) }
      throw DurableFile.failure(path, "cannot be repaired")
    }
    let file = JournalFile(
      descriptor: descriptor,
      path: path,
      byteCount: off_t(validByteCount)
    )
    try DurableFile.flushFolder(of: path)
    return (file, entries)
  }

  /// Reads the entries without keeping the file open; a missing file has none.
  package static func entries(
    of path: String,
    logger: Logger
  ) throws(ServiceKitError) -> [Entry] {
    try read(path, logger).0
  }

  private init(descriptor: Int32, path: String, byteCount: off_t) {
    self.descriptor = descriptor
    self.path = path
    self.byteCount = byteCount
  }

  deinit {
    close(descriptor)
  }

  /// Adds one line and waits until it is on the disk.
  package func append(_ entry: Entry) throws(ServiceKitError) {
    let line = try Self.encode(entry, path: path)
    lock.lock()
    defer { lock.unlock() }
    do throws(ServiceKitError) {
      try DurableFile.write(line, to: descriptor, path: path)
      guard fdatasync(descriptor) == 0 else {
        throw DurableFile.failure(path, "cannot be flushed")
      }
    } catch {
      // Half a line would damage the next one.
      _ = ftruncate(descriptor, byteCount)
      _ = lseek(descriptor, byteCount, SEEK_SET)
      throw error
    }
    byteCount += off_t(line.count)
  }

  /// Replaces the whole content, for example to forget the steps after a checkpoint.
  package static func rewrite(
    _ path: String,
    with entries: [Entry]
  ) throws(ServiceKitError) {
    var bytes: [UInt8] = []
    for entry in entries { bytes += try encode(entry, path: path) }
    try DurableFile.replace(path, with: bytes)
  }

  private static func encode(_ entry: Entry, path: String) throws(ServiceKitError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(entry)) + [UInt8(ascii: "\n")]
    } catch {
      throw .storage(path: path, reason: "an entry cannot be written as JSON: \(error)")
    }
  }

  private static func read(
    _ path: String,
    _ logger: Logger
  ) throws(ServiceKitError) -> ([Entry], Int) {
    guard FileManager.default.fileExists(atPath: path) else { return ([], 0) }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .storage(path: path, reason: "cannot be read")
    }
    let decoder = JSONDecoder()
    var entries: [Entry] = []
    var start = data.startIndex
    // Bytes after the last newline are a line that was never acknowledged.
    while let end = data[start...].firstIndex(of: UInt8(ascii: "\n")) {
      do {
        entries.append(try decoder.decode(Entry.self, from: data[start..<end]))
      } catch {
        throw .damaged(path: path, line: entries.count + 1, reason: "is not an entry of this file")
      }
      start = data.index(after: end)
    }
    if start < data.endIndex {
      logger.warning(
        "the last line of a file is cut short, by a kill most likely; it is left out",
        metadata: [
          "file": "\(path)", "line": "\(entries.count + 1)", "bytes": "\(data.endIndex - start)",
        ]
      )
    }
    return (entries, start - data.startIndex)
  }
}

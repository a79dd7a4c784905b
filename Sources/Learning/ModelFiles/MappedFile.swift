#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// A file mapped read-only into memory for as long as this object lives.
///
/// The pages are shared with the system's cache, so several services on one machine hold one copy.
/// A file that another program shortens while it is mapped ends this program (SIGBUS), as with any
/// mapping; model files are replaced by renaming, never rewritten in place (see `AtomicFile`).
///
/// SAFETY: the mapping is read-only, never moves, and is unmapped only in `deinit`.
final class MappedFile: @unchecked Sendable {
  /// The path that was opened, for messages.
  let path: String
  /// The file's bytes; valid only while this object is alive.
  let bytes: UnsafeRawBufferPointer

  /// Maps a regular file.
  init(path: String) throws(ModelFileError) {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unreadable(file: path, reason: Self.reason(errno)) }
    defer { _ = close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .unreadable(file: path, reason: Self.reason(errno))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(file: path, reason: "it is not a regular file")
    }
    guard let count = Int(exactly: status.st_size), count > 0 else {
      throw .malformed(file: path, detail: "it is empty")
    }
    guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
      address != MAP_FAILED
    else { throw .unreadable(file: path, reason: Self.reason(errno)) }
    bytes = UnsafeRawBufferPointer(start: address, count: count)
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
  }

  /// Refuses a file that is to be read whole and is larger than any of its kind.
  func checkSize(atMost limit: Int) throws(ModelFileError) {
    guard bytes.count <= limit else {
      throw .malformed(file: path, detail: "it has \(bytes.count) bytes, more than \(limit)")
    }
  }

  /// Tells whether anything is at a path.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Tells whether a folder is at a path.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The system's text for an error number.
  static func reason(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
  }
}

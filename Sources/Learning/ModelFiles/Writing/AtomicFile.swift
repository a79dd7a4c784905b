internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Writes a file so that readers see the old content or the new, whole, even across a power cut.
///
/// The content goes to a temporary file in the same folder, is forced to the disk, and is then
/// renamed over the target. A failure leaves the target as it was and no temporary file.
package struct AtomicFile: ~Copyable {
  private let path: String
  private let temporaryPath: String
  private let descriptor: Int32
  private var isFinished = false

  private static let counter = Atomic<UInt64>(0)

  /// Opens the temporary file.
  package init(path: String) throws(ModelFileError) {
    self.path = path
    let number = Self.counter.add(1, ordering: .relaxed).newValue
    temporaryPath = "\(path).\(getpid())-\(number).tmp"
    descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .unwritable(file: path, reason: MappedFile.reason(errno)) }
  }

  deinit {
    close(descriptor)
    if !isFinished { unlink(temporaryPath) }
  }

  /// Appends bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(ModelFileError) {
    var rest = bytes
    while let base = rest.baseAddress, !rest.isEmpty {
      // The system writes at most 2 GiB at once.
      let written = Self.systemWrite(descriptor, base, min(rest.count, 1 << 30))
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw .unwritable(file: path, reason: MappedFile.reason(errno)) }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Appends text.
  package func write(_ text: String) throws(ModelFileError) {
    try Array(text.utf8).withUnsafeBufferPointer { (utf8) throws(ModelFileError) in
      try write(UnsafeRawBufferPointer(utf8))
    }
  }

  /// Makes the content durable and puts it in the target's place.
  package consuming func commit() throws(ModelFileError) {
    guard fsync(descriptor) == 0, rename(temporaryPath, path) == 0 else {
      throw .unwritable(file: path, reason: MappedFile.reason(errno))
    }
    isFinished = true
    // The rename itself is durable once its folder is.
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folderDescriptor >= 0 else { return }
    fsync(folderDescriptor)
    close(folderDescriptor)
  }

  /// Writes a whole text file.
  package static func write(_ text: String, to path: String) throws(ModelFileError) {
    let file = try AtomicFile(path: path)
    try file.write(text)
    try file.commit()
  }

  /// Makes a folder and those above it, where they are missing.
  package static func makeFolder(_ path: String) throws(ModelFileError) {
    if path.isEmpty || MappedFile.isFolder(path) { return }
    if let end = path.lastIndex(of: "/") { try makeFolder(String(path[..<end])) }
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw .unwritable(file: path, reason: MappedFile.reason(errno))
    }
  }

  private static func systemWrite(
    _ descriptor: Int32,
    _ base: UnsafeRawPointer,
    _ count: Int
  ) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, base, count)
    #else
      Darwin.write(descriptor, base, count)
    #endif
  }
}

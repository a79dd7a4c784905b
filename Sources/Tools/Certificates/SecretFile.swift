internal import Glibc

/// Small files whose permissions matter.
enum SecretFile {
  /// Largest file that is read: certificates and keys are a few KiB.
  private static let byteCountMax = 1 << 20

  /// Makes a folder and those above it.
  static func makeDirectory(_ path: String) throws(CertificatesError) {
    var partial = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      partial += "/" + part
      if mkdir(partial, 0o755) != 0, errno != EEXIST { throw failure(partial, "make the folder") }
    }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw .file(path: path, action: "use", reason: "it is not a folder")
    }
  }

  /// Replaces a file in one step; nobody can read it under wider permissions, not even for a
  /// moment.
  static func write(
    _ bytes: [UInt8],
    path: String,
    mode: mode_t
  ) throws(CertificatesError) {
    let temporary = path + ".new"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw failure(temporary, "make") }
    defer { close(descriptor) }
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.write(descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure(temporary, "write") }
      offset += count
    }
    guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0, rename(temporary, path) == 0
    else { throw failure(path, "write") }
  }

  /// Reads a file; nil when it does not exist.
  static func read(path: String) throws(CertificatesError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0, errno == ENOENT { return nil }
    guard descriptor >= 0 else { throw failure(path, "open") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(path, "read") }
      if count == 0 { return bytes }
      bytes += chunk.prefix(count)
      guard bytes.count <= byteCountMax else {
        throw .file(path: path, action: "read", reason: "it is larger than 1 MiB")
      }
    }
  }

  private static func failure(_ path: String, _ action: String) -> CertificatesError {
    .file(path: path, action: action, reason: String(cString: strerror(errno)))
  }
}

internal import Glibc

/// What tells one content of a file from another without reading it.
package struct FileStamp: Sendable, Equatable {
  private let inode: UInt64
  private let byteCount: Int
  private let seconds: Int
  private let nanoseconds: Int

  /// Looks at a file; nil when it is not there.
  package init?(path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    inode = UInt64(status.st_ino)
    byteCount = Int(status.st_size)
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }
}

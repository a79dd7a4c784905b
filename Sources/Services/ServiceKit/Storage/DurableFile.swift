internal import Foundation
internal import Glibc

/// Writes that survive a kill and a power cut: the bytes reach the disk before the call returns.
package enum DurableFile {
  /// Replaces a file's content as a whole: a reader sees the old or the new bytes, never a mixture.
  package static func replace(_ path: String, with bytes: [UInt8]) throws(ServiceKitError) {
    let temporary = path + ".new"
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(temporary, "cannot be made") }
    do throws(ServiceKitError) {
      defer { close(descriptor) }
      try write(bytes, to: descriptor, path: temporary)
      guard fsync(descriptor) == 0 else { throw failure(temporary, "cannot be flushed") }
    } catch {
      // Half a file would only take room from a disk that may have none.
      unsafe unlink(temporary)
      throw error
    }
    guard unsafe rename(temporary, path) == 0 else { throw failure(path, "cannot be replaced") }
    try flushFolder(of: path)
  }

  /// Moves a finished folder to its final name and makes the move durable.
  package static func moveFolder(_ source: String, to target: String) throws(ServiceKitError) {
    guard unsafe rename(source, target) == 0 else {
      throw failure(target, "cannot take the place of \(source)")
    }
    try flushFolder(of: target)
  }

  /// Makes the names in a file's folder durable.
  package static func flushFolder(of path: String) throws(ServiceKitError) {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(folder, "cannot be opened") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure(folder, "cannot be flushed") }
  }

  /// Makes a folder and its parents where they are missing.
  package static func makeFolder(_ path: String) throws(ServiceKitError) {
    var folder = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      folder += part
      guard unsafe mkdir(folder, 0o777) == 0 || errno == EEXIST else {
        throw failure(path, "cannot be made")
      }
      folder += "/"
    }
    var isFolder: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
      isFolder.boolValue
    else { throw .storage(path: path, reason: "cannot be made: a file is in its place") }
  }

  /// Writes all bytes to an open file.
  package static func write(
    _ bytes: [UInt8],
    to descriptor: Int32,
    path: String
  ) throws(ServiceKitError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw failure(path, "cannot be written") }
      rest = rest.dropFirst(written)
    }
  }

  /// An error with the system's reason.
  static func failure(_ path: String, _ what: String) -> ServiceKitError {
    let code = errno
    let reason = "\(what): \(unsafe String(cString: strerror(code)))"
    return [ENOSPC, EDQUOT].contains(code)
      ? .diskFull(path: path, reason: reason) : .storage(path: path, reason: reason)
  }
}

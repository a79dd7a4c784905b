internal import Foundation
internal import Glibc

/// The folder that holds everything one service keeps, locked for as long as this value lives.
package final class DataFolder: Sendable {
  /// Path of the folder.
  package let path: String
  private let lock: Int32

  /// Makes the folder where it is missing and takes its lock, or says which process has it.
  package init(_ relativePath: String) throws(ServiceKitError) {
    // Callers are told paths inside, which must mean the same to them wherever they are.
    let path = URL(fileURLWithPath: relativePath).standardizedFileURL.path
    try DurableFile.makeFolder(path)
    let file = path + "/lock"
    let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw DurableFile.failure(file, "cannot be opened") }
    // The kernel drops the lock with the process, so a kill leaves nothing to clean up.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
      close(descriptor)
      let name = holder.trimmingCharacters(in: .whitespacesAndNewlines)
      throw .dataFolderInUse(path: path, holder: name.isEmpty ? "another process" : name)
    }
    self.path = path
    lock = descriptor
    _ = ftruncate(descriptor, 0)
    try DurableFile.write(Array("process \(getpid())\n".utf8), to: descriptor, path: file)
  }

  deinit {
    close(lock)
  }

  /// Path of a file or folder inside.
  package func file(_ name: String) -> String {
    path + "/" + name
  }

  /// Makes a folder inside and returns its path.
  package func folder(_ name: String) throws(ServiceKitError) -> String {
    let folder = file(name)
    try DurableFile.makeFolder(folder)
    return folder
  }
}

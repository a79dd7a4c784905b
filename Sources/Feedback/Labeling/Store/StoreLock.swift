internal import Glibc

/// An exclusive advisory lock on a file beside the store, released by the kernel when we die.
struct StoreLock: ~Copyable {
  private let descriptor: Int32

  /// Takes the lock at once, or says who is in the way.
  init(path: String) throws(LabelingError) {
    let file = path + ".lock"
    let opened = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard opened >= 0 else {
      throw .store(
        file: path,
        reason: "\(file) cannot be made: \(String(cString: strerror(errno)))"
      )
    }
    guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
      close(opened)
      throw .store(
        file: path,
        reason: "another process has it open; stop that labeler or choose another file"
      )
    }
    descriptor = opened
  }

  deinit { close(descriptor) }
}

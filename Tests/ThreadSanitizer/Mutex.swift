import Glibc

/// Stands in for `Synchronization.Mutex` where the thread sanitizer watches.
///
/// The standard library's mutex is a futex of its own, of which the sanitizer knows nothing: it would take
/// every hand-over through one for a race. `Tests/ThreadSanitizer/run` adds this file to each module that
/// has a mutex, where it hides the other; the sanitizer knows what POSIX locks do.
final class Mutex<Value>: @unchecked Sendable {
  // SAFETY: `value` is touched with `lock` held only.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private var value: Value

  init(_ value: sending Value) {
    lock = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    self.value = value
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return try body(&value)
  }
}

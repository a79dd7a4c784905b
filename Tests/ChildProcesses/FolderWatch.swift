import Foundation

/// Waits for changes in a folder, so that a test looks again when there is something new and not before.
package final class FolderWatch {
  private let descriptor: Int32

  /// Watches the files directly inside `folder`, from now on.
  package init(_ folder: String) throws {
    descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
    guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    let events = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE
    guard inotify_add_watch(descriptor, folder, UInt32(events)) >= 0 else {
      let code = errno
      close(descriptor)
      throw POSIXError(.init(rawValue: code) ?? .EIO)
    }
  }

  deinit { close(descriptor) }

  /// Waits until `condition` holds, looking now and after each change; false when time runs out.
  package func wait(seconds: Double, until condition: () throws -> Bool) throws -> Bool {
    let end = Date().addingTimeInterval(seconds)
    while try !condition() {
      let left = end.timeIntervalSinceNow
      guard left > 0 else { return false }
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      _ = poll(&request, 1, Int32(min(left * 1000 + 1, 3_600_000)))
      var events = [UInt8](repeating: 0, count: 65_536)
      while read(descriptor, &events, events.count) > 0 {}
    }
    return true
  }
}

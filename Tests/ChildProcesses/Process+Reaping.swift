import Foundation

extension Process {
  /// Waits for the end of a started process by its number alone and gives its exit code, or the signal that ended it.
  ///
  /// `waitUntilExit` learns of the end through a socket that the child inherits. Children that other tests start
  /// at the same moment can inherit it too, and then it waits for them as well, for ever if one is a server.
  package func reap() -> Int32 {
    var status: Int32 = 0
    var result = waitpid(processIdentifier, &status, 0)
    while result == -1 && errno == EINTR { result = waitpid(processIdentifier, &status, 0) }
    guard result == processIdentifier else {
      // Foundation was first, so it knows.
      waitUntilExit()
      return terminationStatus
    }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : signal
  }
}

internal import Foundation
internal import Glibc

/// The three streams that a process is given, or not.
package enum StandardStreams {
  /// Puts a placeholder where the caller closed a stream; for the first line of a program.
  ///
  /// The next file to be opened would otherwise get the stream's number, and messages would be
  /// written into a database. A placeholder is opened the wrong way round, so that using it fails.
  package static func reserve() {
    for (stream, mode) in [(Int32(0), O_WRONLY), (1, O_RDONLY), (2, O_RDONLY)]
    where fcntl(stream, F_GETFD) < 0 && errno == EBADF {
      _ = unsafe open("/dev/null", mode)
    }
  }

  /// Writes to standard error; what cannot be written is lost and must not end the program.
  package static func note(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// Writes to standard output.
  ///
  /// - Throws: `ServiceKitError.storage` with the system's reason.
  package static func write(_ text: String) throws(ServiceKitError) {
    try DurableFile.write(Array(text.utf8), to: 1, path: "standard output")
  }
}

internal import Foundation

/// Standard output.
enum Output {
  /// Writes a line at once, also when it goes to a pipe.
  ///
  /// - Throws: when nobody reads any more.
  static func line(_ text: String) throws {
    try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
  }
}

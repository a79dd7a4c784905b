/// Where and why a text is not JSON.
package struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The byte, from 0.
  package let offset: Int
  /// The line, from 1.
  package let line: Int
  /// The character in its line, from 1.
  package let column: Int
  /// What is wrong there.
  package let reason: String

  /// One sentence that names the place.
  package var description: String { "not JSON at byte \(offset): \(reason)" }
}

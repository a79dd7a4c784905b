/// A secret that cannot be printed by accident.
///
/// Executables read it from the environment variable that the configuration names; it shows itself
/// only to the request it authorises.
package struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  let secret: String

  /// Takes a key.
  ///
  /// - Throws: `LabelingError.judgeConfiguration` for an empty key or one that could not stand in a
  ///   header; the error does not show it.
  package init(_ secret: String) throws(LabelingError) {
    let isPrintable = secret.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    guard !secret.isEmpty, isPrintable else {
      throw .judgeConfiguration(
        field: "api key",
        value: "[hidden]",
        reason: "it is empty or has blanks or control characters; check the environment variable"
      )
    }
    self.secret = secret
  }

  package var description: String { "[hidden]" }
  package var debugDescription: String { "[hidden]" }
  package var customMirror: Mirror { Mirror(reflecting: "[hidden]") }
}

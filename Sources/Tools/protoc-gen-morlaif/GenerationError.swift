/// A construct that the generator does not support, or a request it cannot follow.
struct GenerationError: Error, CustomStringConvertible {
  /// Path of the `.proto` file.
  let file: String
  /// Message, field, enum or method, such as `ScoreRequest.texts`.
  let element: String
  let reason: String

  var description: String {
    element.isEmpty ? "\(file): \(reason)" : "\(file): \(element): \(reason)"
  }
}

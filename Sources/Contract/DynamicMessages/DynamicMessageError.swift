/// The ways in which a message known only through its descriptors cannot be converted.
package enum DynamicMessageError: Error, Sendable, Equatable {
  /// The descriptors cannot be decoded or contradict themselves.
  case descriptors(reason: String)
  /// No message, service or method has this name.
  case unknownName(kind: String, name: String, known: [String])
  /// The text is not JSON.
  case json(line: Int, column: Int, reason: String)
  /// A field's value does not fit its type; `path` is empty for the message itself.
  case field(path: String, reason: String)
  /// A limit was reached.
  case limit(reason: String)
}

extension DynamicMessageError: CustomStringConvertible {
  /// One sentence that names what was wrong and where.
  package var description: String {
    switch self {
    case .descriptors(let reason):
      "the service's descriptors are unusable: \(reason)"
    case .unknownName(let kind, let name, let known):
      "there is no \(kind) '\(name)'; known: \(known.joined(separator: ", "))"
    case .json(let line, let column, let reason):
      "the JSON is wrong at line \(line), column \(column): \(reason)"
    case .field(let path, let reason):
      path.isEmpty ? "message: \(reason)" : "field \(path): \(reason)"
    case .limit(let reason):
      reason
    }
  }

  /// The same fault seen from the message that holds the faulty one in `field`.
  func inside(_ field: String, at index: Int? = nil) -> DynamicMessageError {
    guard case .field(let path, let reason) = self else { return self }
    let step = index.map { "\(field)[\($0)]" } ?? field
    return .field(path: path.isEmpty ? step : "\(step).\(path)", reason: reason)
  }
}

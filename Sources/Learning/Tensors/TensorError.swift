/// What can go wrong when saved parameters are taken over.
package enum TensorError: Error, Sendable, Equatable {
  /// A parameter that is needed is not in the saved set.
  case missingParameter(name: String)
  /// A saved parameter has another shape than the one in use.
  case shapeMismatch(name: String, expected: [Int], found: [Int])
}

extension TensorError: CustomStringConvertible {
  /// One sentence for people.
  package var description: String {
    switch self {
    case .missingParameter(let name):
      "the saved parameters have no \(name); were they made for another configuration?"
    case .shapeMismatch(let name, let expected, let found):
      "parameter \(name) is \(found) in the saved set and \(expected) here"
    }
  }
}

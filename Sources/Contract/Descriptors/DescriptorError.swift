/// The ways in which descriptors cannot be read.
package enum DescriptorError: Error, Sendable, Equatable {
  /// The bytes are not descriptors.
  case undecodable(MessageErrorText)
  /// A descriptor says something that protobuf does not allow.
  case invalid(file: String, name: String, reason: String)

  /// What was wrong with the bytes, as a sentence.
  package typealias MessageErrorText = String
}

extension DescriptorError: CustomStringConvertible {
  /// One sentence that names the file and the element.
  package var description: String {
    switch self {
    case .undecodable(let text): "the descriptors cannot be decoded: \(text)"
    case .invalid(let file, let name, let reason): "\(file): \(name): \(reason)"
    }
  }
}

package import ModelFiles

/// What can go wrong while a tokenizer is loaded or a conversation is rendered.
package enum TokenizationError: Error, Sendable, Equatable {
  /// The model file itself could not be read.
  case file(ModelFileError)
  /// The vocabulary contradicts itself.
  case malformed(file: String, detail: String)
  /// The tokenizer is of a kind this project does not reproduce exactly, so it is refused.
  case unsupported(file: String, detail: String)
  /// The model has no chat template, or none that is recognised.
  case chatTemplate(file: String, detail: String)
  /// The model's chat template refuses these turns.
  case conversation(detail: String)
}

extension TokenizationError: CustomStringConvertible {
  /// One sentence for people: the file and the fault.
  package var description: String {
    switch self {
    case .file(let error): error.description
    case .malformed(let file, let detail): "the tokenizer of \(file) is damaged: \(detail)"
    case .unsupported(let file, let detail): "the tokenizer of \(file) is not supported: \(detail)"
    case .chatTemplate(let file, let detail): "the chat template of \(file): \(detail)"
    case .conversation(let detail): "the chat template refuses the conversation: \(detail)"
    }
  }
}

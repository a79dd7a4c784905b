package import ModelFiles

/// What can go wrong between a model and the tokens or files it is given.
package enum LanguageModelError: Error, Sendable, Equatable {
  /// The model's files could not be read.
  case file(ModelFileError)
  /// A token id is outside the vocabulary.
  case tokenOutsideVocabulary(token: Int32, sequence: Int, vocabularySize: Int)
  /// A sequence is empty.
  case emptySequence(sequence: Int)
  /// A sequence is longer than the model's context.
  case sequenceTooLong(sequence: Int, tokenCount: Int, contextLength: Int)
  /// Generation was cancelled.
  case cancelled
}

extension LanguageModelError: CustomStringConvertible {
  /// One sentence for people.
  package var description: String {
    switch self {
    case .file(let error): error.description
    case .tokenOutsideVocabulary(let token, let sequence, let size):
      "token \(token) of sequence \(sequence) is outside the vocabulary 0 ..< \(size)"
    case .emptySequence(let sequence):
      "sequence \(sequence) has no tokens; a model needs at least one"
    case .sequenceTooLong(let sequence, let count, let limit):
      "sequence \(sequence) has \(count) tokens, but the model's context ends at \(limit)"
    case .cancelled: "generation was cancelled"
    }
  }
}

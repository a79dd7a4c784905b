/// A prompt to sample answers to.
package struct PolicyPrompt: Sendable, Equatable {
  /// The prompt as the user wrote it.
  package let text: String
  /// Its tokens with the chat template and the assistant's turn opened.
  package let tokens: [Int32]

  /// Creates a prompt.
  package init(text: String, tokens: [Int32]) {
    self.text = text
    self.tokens = tokens
  }
}

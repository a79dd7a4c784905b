/// One turn of a conversation.
package struct ChatMessage: Sendable, Equatable {
  /// Who speaks: `system`, `user` or `assistant`.
  package var role: String
  /// What is said.
  package var content: String

  /// Makes a turn.
  package init(role: String, content: String) {
    self.role = role
    self.content = content
  }

  /// A turn of the system.
  package static func system(_ content: String) -> ChatMessage {
    ChatMessage(role: "system", content: content)
  }

  /// A turn of the user.
  package static func user(_ content: String) -> ChatMessage {
    ChatMessage(role: "user", content: content)
  }

  /// A turn of the assistant.
  package static func assistant(_ content: String) -> ChatMessage {
    ChatMessage(role: "assistant", content: content)
  }
}

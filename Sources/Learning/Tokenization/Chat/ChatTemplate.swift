/// The ChatML family of chat templates, recognised from its source, never interpreted.
///
/// Running arbitrary templates would take a template language; guessing would silently train on
/// prompts the model never saw. So a source that is not recognised word for word is refused.
package struct ChatTemplate: Sendable, Equatable {
  /// The system message that is put first when a conversation does not begin with one.
  package let defaultSystemMessage: String?

  /// Makes a ChatML template.
  package init(defaultSystemMessage: String?) {
    self.defaultSystemMessage = defaultSystemMessage
  }

  /// Recognises a template; `nil` when it is not of the family.
  package init?(source: String) {
    // Templates write the line break inside their literals as itself or as an escape.
    let source = source.replacing("\\n", with: "\n")
    guard source.hasPrefix(Self.loop), source.hasSuffix(Self.turn) else { return nil }
    let middle = source.dropFirst(Self.loop.count).dropLast(Self.turn.count)
    if middle.isEmpty {
      self.init(defaultSystemMessage: nil)
      return
    }
    guard middle.hasPrefix(Self.defaultBefore), middle.hasSuffix(Self.defaultAfter),
      middle.count >= Self.defaultBefore.count + Self.defaultAfter.count
    else { return nil }
    let message = middle.dropFirst(Self.defaultBefore.count).dropLast(Self.defaultAfter.count)
    // Anything that could end the literal or escape from it makes this another template.
    guard !message.contains(where: { "'\\{}".contains($0) }) else { return nil }
    self.init(defaultSystemMessage: String(message))
  }

  private static let loop = "{% for message in messages %}"
  private static let defaultBefore =
    "{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
  private static let defaultAfter = "<|im_end|>\n' }}{% endif %}"
  private static let turn =
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

  /// A part of a rendered conversation: a control token or a text between two of them.
  private enum Part {
    case control(String)
    case text(String)
  }

  private func parts(_ messages: [ChatMessage], addGenerationPrompt: Bool) -> [Part] {
    var turns = messages
    if let message = defaultSystemMessage, let first = messages.first, first.role != "system" {
      turns.insert(.system(message), at: 0)
    }
    var parts: [Part] = []
    for turn in turns {
      parts += [
        .control(Self.start), .text(turn.role + "\n" + turn.content), .control(Self.end),
        .text("\n"),
      ]
    }
    if addGenerationPrompt { parts += [.control(Self.start), .text("assistant\n")] }
    return parts
  }

  private static let start = "<|im_start|>"
  private static let end = "<|im_end|>"

  /// The conversation as text, equal to what the template's own language gives.
  ///
  /// - Parameters:
  ///   - messages: the turns in order.
  ///   - addGenerationPrompt: whether the assistant's next turn is opened.
  /// - Returns: the text, control tokens written out.
  package func render(_ messages: [ChatMessage], addGenerationPrompt: Bool) -> String {
    parts(messages, addGenerationPrompt: addGenerationPrompt).reduce(into: "") { text, part in
      switch part {
      case .control(let token): text += token
      case .text(let content): text += content
      }
    }
  }

  /// The conversation as token ids.
  ///
  /// - Parameters:
  ///   - messages: the turns in order.
  ///   - addGenerationPrompt: whether the assistant's next turn is opened.
  ///   - tokenizer: the model's tokenizer.
  ///   - allowSpecialInContent: whether control tokens written out in a turn count as such, as in
  ///     the reference. Pass `false` for texts from strangers, who could forge turns otherwise.
  /// - Returns: the ids.
  /// - Throws: `TokenizationError.chatTemplate` when the vocabulary lacks ChatML's control tokens.
  package func tokens(
    _ messages: [ChatMessage],
    addGenerationPrompt: Bool,
    tokenizer: Tokenizer,
    allowSpecialInContent: Bool = true
  ) throws(TokenizationError) -> [Int32] {
    var ids: [Int32] = []
    for part in parts(messages, addGenerationPrompt: addGenerationPrompt) {
      switch part {
      case .control(let token):
        guard let id = tokenizer.id(ofSpecial: token) else {
          throw .chatTemplate(
            file: tokenizer.file,
            detail: "the vocabulary has no control token \(token)"
          )
        }
        ids.append(id)
      case .text(let content):
        ids += tokenizer.encode(content, allowSpecial: allowSpecialInContent)
      }
    }
    return ids
  }
}

extension Tokenizer {
  /// The model's chat template.
  ///
  /// - Throws: `TokenizationError.chatTemplate` when there is none or it is not recognised.
  package func chatTemplate() throws(TokenizationError) -> ChatTemplate {
    guard let source = chatTemplateSource else {
      throw .chatTemplate(file: file, detail: "there is none; this is no chat model")
    }
    guard let template = ChatTemplate(source: source) else {
      throw .chatTemplate(
        file: file,
        detail: "it is not recognised; only ChatML with and without a default system message is"
      )
    }
    return template
  }

  /// The token ids of a conversation with the assistant's next turn opened.
  ///
  /// - Throws: `TokenizationError.chatTemplate` when the template is not recognised.
  package func prompt(
    for messages: [ChatMessage],
    allowSpecialInContent: Bool = true
  ) throws(TokenizationError) -> [Int32] {
    try chatTemplate().tokens(
      messages,
      addGenerationPrompt: true,
      tokenizer: self,
      allowSpecialInContent: allowSpecialInContent
    )
  }
}

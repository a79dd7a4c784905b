/// A model's chat template, recognised from its source, never interpreted.
///
/// Running arbitrary templates would take a template language; guessing would silently train on
/// prompts the model never saw. So a source that does not mean the same as one that is known is
/// refused.
package struct ChatTemplate: Sendable, Equatable {
  /// What kind of template it is.
  package let family: ChatTemplateFamily
  /// The text of the token that opens a sequence, which some templates put first.
  package let startToken: String
  /// The text of the token that ends a turn, which some templates put behind answers.
  package let endToken: String

  /// Makes a template of a family.
  package init(family: ChatTemplateFamily, startToken: String = "", endToken: String = "") {
    self.family = family
    self.startToken = startToken
    self.endToken = endToken
  }

  /// Recognises a template; `nil` when it is of no known family.
  package init?(source: String, startToken: String = "", endToken: String = "") {
    guard let family = ChatTemplateFamily(source: source) else { return nil }
    self.init(family: family, startToken: startToken, endToken: endToken)
  }

  /// A part of a rendered conversation.
  enum Part: Equatable {
    /// A token that must be a control token of the vocabulary.
    case control(String)
    /// A marker that is a control token of some vocabularies and plain text of others.
    case marker(String)
    /// Text between them.
    case text(String)
  }

  /// The conversation as text, equal to what the template's own language gives.
  ///
  /// - Parameters:
  ///   - messages: the turns in order.
  ///   - addGenerationPrompt: whether the assistant's next turn is opened.
  /// - Returns: the text, control tokens written out.
  /// - Throws: `TokenizationError.conversation` for turns the template refuses, such as two of the
  ///   user in a row, or a role it does not know.
  package func render(
    _ messages: [ChatMessage],
    addGenerationPrompt: Bool
  ) throws(TokenizationError) -> String {
    try parts(messages, addGenerationPrompt: addGenerationPrompt).reduce(into: "") { text, part in
      switch part {
      case .control(let token), .marker(let token): text += token
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
  /// - Throws: `TokenizationError.chatTemplate` when the vocabulary lacks the template's control
  ///   tokens; `conversation` for turns the template refuses.
  package func tokens(
    _ messages: [ChatMessage],
    addGenerationPrompt: Bool,
    tokenizer: Tokenizer,
    allowSpecialInContent: Bool = true
  ) throws(TokenizationError) -> [Int32] {
    var ids: [Int32] = []
    // Neighbouring texts are one text to the tokenizer, which may merge across their border.
    var pending = ""
    var hasBegun = false
    let flush = { (pending: inout String) in
      if pending.isEmpty { return }
      ids += tokenizer.encode(
        pending,
        allowSpecial: allowSpecialInContent,
        continuesText: hasBegun
      )
      hasBegun = true
      pending = ""
    }
    for part in try parts(messages, addGenerationPrompt: addGenerationPrompt) {
      switch part {
      case .text(let content): pending += content
      case .control(let token), .marker(let token):
        guard let id = tokenizer.id(ofSpecial: token) else {
          guard case .marker = part else {
            throw .chatTemplate(
              file: tokenizer.file,
              detail: "the vocabulary has no control token \(token)"
            )
          }
          pending += token
          continue
        }
        flush(&pending)
        ids.append(id)
        hasBegun = true
      }
    }
    flush(&pending)
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
    let text = { (id: Int32?) in
      id.map { String(decoding: self.bytes(of: $0), as: UTF8.self) } ?? ""
    }
    guard
      let template = ChatTemplate(
        source: source,
        startToken: text(bosTokenID),
        endToken: text(eosTokenIDs.first)
      )
    else {
      throw .chatTemplate(
        file: file,
        detail: """
          it is not recognised; those of \(ChatTemplateFamily.names) are, as they were published
          """
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

/// Tokens that an endpoint counted for one or more requests.
package struct TokenUsage: Sendable, Equatable, Codable {
  /// Tokens of the prompts, cached ones included.
  package var promptCount: Int
  /// Those among them that the endpoint had in its cache.
  package var cachedPromptCount: Int
  /// Tokens of the answers.
  package var completionCount: Int

  /// Creates counts; negative ones become 0.
  package init(promptCount: Int = 0, cachedPromptCount: Int = 0, completionCount: Int = 0) {
    self.promptCount = max(0, promptCount)
    self.cachedPromptCount = min(max(0, cachedPromptCount), max(0, promptCount))
    self.completionCount = max(0, completionCount)
  }

  /// Both kinds together.
  package var totalCount: Int { promptCount + completionCount }

  /// Adds other counts.
  package static func += (left: inout TokenUsage, right: TokenUsage) {
    left.promptCount += right.promptCount
    left.cachedPromptCount += right.cachedPromptCount
    left.completionCount += right.completionCount
  }
}

/// How many tokens a request may have, judged from its text before it is sent.
package struct TokenBound: Sendable, Equatable {
  /// UTF-8 bytes of the messages.
  package var promptByteCount: Int
  /// Messages in the request.
  package var messageCount: Int
  /// The request's own limit of answer tokens.
  package var completionCountMax: Int

  /// Typical bytes of an English token, for estimates where nothing was measured yet.
  package static let bytesPerToken = 4.0

  /// Creates the bound of a conversation.
  package init(_ messages: [JudgeMessage], completionCountMax: Int) {
    promptByteCount = messages.reduce(0) { $0 + $1.content.utf8.count }
    messageCount = messages.count
    self.completionCountMax = completionCountMax
  }

  /// The most tokens it can have.
  ///
  /// A token of a byte-level vocabulary has at least one byte; chat templates add less than 16 tokens
  /// for each message and for the beginning of the answer.
  package var worst: TokenUsage {
    TokenUsage(
      promptCount: promptByteCount + 16 * (messageCount + 1),
      completionCount: completionCountMax
    )
  }

  /// What it will have if its bytes are like those of earlier requests.
  package func expected(bytesPerToken: Double = Self.bytesPerToken) -> TokenUsage {
    TokenUsage(
      promptCount: Int(Double(promptByteCount) / max(1, bytesPerToken)) + 4 * (messageCount + 1),
      completionCount: completionCountMax
    )
  }
}

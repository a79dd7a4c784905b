internal import Foundation

/// A request to a chat completions endpoint, ready to be sent.
struct ChatRequest: Sendable {
  /// Where to.
  var url: String
  /// The body, the same bytes for the same question in every process.
  var body: String
  /// Names the request.
  var key: RequestKey
  /// How many tokens it may have.
  var bound: TokenBound

  /// Writes a conversation as the configured endpoint wants it.
  init(
    _ messages: [JudgeMessage],
    _ configuration: HTTPJudgeConfiguration
  ) throws(LabelingError) {
    let count = configuration.topLogProbabilityCount
    let limit = configuration.tokenLimitField
    let fields = Fields(
      model: configuration.model,
      messages: messages,
      max_tokens: limit == .maxTokens ? configuration.maxTokens : nil,
      max_completion_tokens: limit == .maxCompletionTokens ? configuration.maxTokens : nil,
      temperature: 0,
      logprobs: count > 0 ? true : nil,
      top_logprobs: count > 0 ? count : nil
    )
    let encoder = JSONEncoder()
    // Without an order of its own the key would change with every process.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      body = String(decoding: try encoder.encode(fields), as: UTF8.self)
    } catch {
      throw .judgeUnavailable(
        judge: "http:" + configuration.model,
        reason: "the request cannot be written: \(error)",
        isRetryable: false
      )
    }
    url = configuration.endpoint("/chat/completions")
    key = RequestKey(url: url, body: body)
    bound = TokenBound(messages, completionCountMax: configuration.maxTokens)
  }

  /// The request as OpenAI's format spells it.
  private struct Fields: Encodable {
    var model: String
    var messages: [JudgeMessage]
    var max_tokens: Int?
    var max_completion_tokens: Int?
    var temperature: Double
    var logprobs: Bool?
    var top_logprobs: Int?
  }
}

internal import Foundation

/// Settings of a judge behind an OpenAI-compatible endpoint.
package struct HTTPJudgeConfiguration: Sendable {
  /// Where the API begins, for example `https://api.openai.com/v1`.
  package var baseURL: String
  /// The model to ask for.
  package var model: String
  /// Authorises the requests; none for local servers without keys.
  package var apiKey: APIKey?
  /// Longest answer, in tokens; 1 suffices for models that answer with the bare letter.
  package var maxTokens = 1
  /// The request's field that carries `maxTokens`.
  package var tokenLimitField = TokenLimitField.maxTokens
  /// How many alternatives to ask log-probabilities for, 0 to 20; 0 asks for none.
  package var topLogProbabilityCount = 10
  /// Probability given to a verdict that is only text, without log-probabilities.
  package var parsedConfidence = 0.9
  /// How many requests may be under way at once.
  package var concurrencyMax = 16
  /// Time for one attempt.
  package var timeout: Duration = .seconds(60)
  /// Time to reach the server.
  package var connectTimeout: Duration = .seconds(10)
  /// Longest accepted response, in bytes.
  package var responseByteCountMax = 1 << 20
  /// What to do after failures.
  package var retry = RetryPolicy()

  /// How an endpoint spells the limit of an answer's tokens.
  package enum TokenLimitField: String, Sendable, CaseIterable {
    /// The older name, which most servers take.
    case maxTokens = "max_tokens"
    /// OpenAI's newer models refuse the older name.
    case maxCompletionTokens = "max_completion_tokens"
  }

  /// Creates settings with defaults for all but the address and the model.
  package init(baseURL: String, model: String, apiKey: APIKey? = nil) {
    self.baseURL = baseURL
    self.model = model
    self.apiKey = apiKey
  }

  /// Refuses settings that cannot work.
  func validate() throws(LabelingError) {
    func refuse(
      _ field: String,
      _ value: String,
      unless holds: Bool,
      _ reason: String
    ) throws(LabelingError) {
      if !holds { throw .judgeConfiguration(field: field, value: value, reason: reason) }
    }
    let components = URLComponents(string: baseURL)
    try refuse(
      "base_url",
      baseURL,
      unless: ["http", "https"].contains(components?.scheme) && components?.host?.isEmpty == false
        && components?.query == nil && components?.user == nil,
      "it must be http(s)://HOST[:PORT][/PATH] without user or query"
    )
    try refuse("model", model, unless: !model.isEmpty, "name the model to ask for")
    try refuse(
      "max_tokens",
      "\(maxTokens)",
      unless: (1...4096).contains(maxTokens),
      "use 1 to 4096"
    )
    try refuse(
      "top_logprobs",
      "\(topLogProbabilityCount)",
      unless: (0...20).contains(topLogProbabilityCount),
      "use 0 to 20"
    )
    try refuse(
      "parsed_confidence",
      "\(parsedConfidence)",
      unless: parsedConfidence > 0.5 && parsedConfidence < 1,
      "use a number between 0.5 and 1"
    )
    try refuse(
      "concurrency",
      "\(concurrencyMax)",
      unless: (1...4096).contains(concurrencyMax),
      "use 1 to 4096"
    )
    try refuse(
      "attempts",
      "\(retry.attemptCountMax)",
      unless: (1...100).contains(retry.attemptCountMax),
      "use 1 to 100"
    )
  }
}

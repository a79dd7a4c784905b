internal import Foundation

/// Settings of a judge behind an OpenAI-compatible endpoint.
package struct HTTPJudgeConfiguration: Sendable {
  /// Where the API begins, for example `https://api.openai.com/v1`.
  package var baseURL: String
  /// The model to ask for.
  package var model: String
  /// Authorises the requests; none for local servers without keys.
  package var apiKey: APIKey?
  /// How questions are put.
  package var prompt = JudgePrompt()
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
  /// What the model costs; nil where that is not known, so that nothing can be limited by it.
  package var price: ModelPrice?
  /// What may be spent on it; nil for no limit.
  package var budget: Budget?
  /// Most requests in a minute; nil for no limit.
  package var requestsPerMinute: Int?
  /// Most tokens in a minute; nil for no limit.
  package var tokensPerMinute: Int?
  /// Most requests of one batch; OpenAI takes 50,000.
  package var batchRequestCountMax = 20_000
  /// What to do about requests whose answers were lost.
  package var lostAnswers = LostAnswers.askAgain

  /// Whether a request is sent again when it may have been paid for: its answer was lost because the
  /// connection broke, the time ran out or the process died.
  package enum LostAnswers: String, Sendable, CaseIterable {
    /// Sent again, under the same idempotency key; books count the lost one at its worst.
    case askAgain = "ask_again"
    /// Never sent again: the judgement fails instead.
    case fail
  }

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

  /// The price that books are kept with.
  var knownPrice: ModelPrice { price ?? .free }

  /// The address of one of the API's endpoints.
  func endpoint(_ path: String) -> String {
    var base = baseURL
    while base.hasSuffix("/") { base.removeLast() }
    return base + path
  }

  /// Header lines of every request: how we are known, if at all.
  func headers(contentType: String) -> [String] {
    var headers = ["Content-Type: \(contentType)", "Accept: application/json", "Expect:"]
    if let apiKey { headers.append("Authorization: Bearer \(apiKey.secret)") }
    return headers
  }

  /// A chat request as it goes out.
  ///
  /// An endpoint that knows idempotency keys answers the same key twice and charges once.
  func httpRequest(_ request: ChatRequest) -> HTTPRequest {
    HTTPRequest(
      url: request.url,
      headers: headers(contentType: "application/json") + ["Idempotency-Key: \(request.key.text)"],
      body: Array(request.body.utf8),
      timeout: timeout,
      connectTimeout: connectTimeout,
      responseByteCountMax: responseByteCountMax,
      mustNotRepeat: lostAnswers == .fail
    )
  }

  /// The beginning of a text from the server for an error, one line, without our key.
  func excerpt(_ bytes: [UInt8]) -> String {
    var text = String(decoding: bytes.prefix(4096), as: UTF8.self)
    if let apiKey { text = text.replacingOccurrences(of: apiKey.secret, with: "[hidden]") }
    let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.isEmpty ? "(empty)" : String(line.prefix(200))
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
      "max_tokens",
      "\(maxTokens)",
      unless: !prompt.reasons || maxTokens >= 32,
      "a judge that reasons needs 32 or more, better 300"
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
    for (field, limit) in [
      ("requests_per_minute", requestsPerMinute), ("tokens_per_minute", tokensPerMinute),
    ] {
      try refuse(field, "\(limit ?? 1)", unless: limit ?? 1 >= 1, "use 1 or more")
    }
    try refuse(
      "max_cost",
      budget?.costMax?.text ?? "",
      unless: budget?.costMax == nil || price != nil,
      "a limit on money needs the model's price"
    )
    try refuse(
      "attempts",
      "\(retry.attemptCountMax)",
      unless: (1...100).contains(retry.attemptCountMax),
      "use 1 to 100"
    )
  }
}

internal import Labeling
internal import ServiceKit

/// `judges[].http {…}`: an endpoint that speaks OpenAI's chat completions.
struct HTTPJudgeSection: Sendable, Decodable {
  /// Address up to and with `/v1`.
  let url: String
  /// Name of the model there.
  let model: String
  /// Name of the environment variable that holds the key; empty for endpoints that need none.
  let keyVariable: String
  /// Requests under way at once.
  let concurrency: Int
  /// Seconds that one request may take.
  let timeoutSeconds: Double
  /// Times that a request is sent in all.
  let attempts: Int
  /// Longest answer in tokens; models that think before they answer need more than the letter.
  let tokensMax: Int
  /// How the endpoint spells that limit.
  let tokensField: HTTPJudgeConfiguration.TokenLimitField
  /// What may be spent on it.
  let budget: BudgetSection?
  /// Most requests in a minute.
  let requestsPerMinute: Int?
  /// Most tokens in a minute.
  let tokensPerMinute: Int?
  /// Most requests of one batch.
  let batchRequestsMax: Int
  /// File of judged pairs that it is shown first.
  let examples: String?
  /// Whether it reasons before its verdict.
  let reasoning: Bool
  /// What happens to requests whose answers were lost.
  let lostAnswers: HTTPJudgeConfiguration.LostAnswers

  private enum Keys: String, CodingKey, CaseIterable {
    case url
    case model
    case keyVariable = "key_variable"
    case concurrency
    case timeoutSeconds = "timeout_seconds"
    case attempts
    case tokensMax = "tokens_max"
    case tokensField = "tokens_field"
    case budget
    case requestsPerMinute = "requests_per_minute"
    case tokensPerMinute = "tokens_per_minute"
    case batchRequestsMax = "batch_requests_max"
    case examples
    case reasoning
    case lostAnswers = "lost_answers"
  }

  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    url = try values.text(.url)
    model = try values.text(.model)
    keyVariable = try values.value(.keyVariable, default: "")
    concurrency = try values.number(.concurrency, default: 8, in: 1...1024)
    timeoutSeconds = try values.number(.timeoutSeconds, default: 60, in: 0.1...3600)
    attempts = try values.number(.attempts, default: 5, in: 1...100)
    budget = try values.optional(.budget)
    requestsPerMinute = try values.optional(.requestsPerMinute)
    tokensPerMinute = try values.optional(.tokensPerMinute)
    batchRequestsMax = try values.number(.batchRequestsMax, default: 20_000, in: 1...50_000)
    examples = try values.optional(.examples)
    reasoning = try values.value(.reasoning, default: false)
    tokensMax = try values.number(.tokensMax, default: reasoning ? 400 : 1, in: 1...4096)
    lostAnswers = try Self.choice(values, .lostAnswers, default: .askAgain)
    tokensField = try Self.choice(values, .tokensField, default: .maxTokens)
  }

  /// One of the values of an enumeration, by its name.
  private static func choice<Choice: RawRepresentable & CaseIterable>(
    _ values: SectionValues<Keys>,
    _ key: Keys,
    default fallback: Choice
  ) throws -> Choice where Choice.RawValue == String {
    let name = try values.value(key, default: fallback.rawValue)
    guard let choice = Choice(rawValue: name) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw values.refusal(key, "'\(name)' is none of \(known)")
    }
    return choice
  }
}

internal import Labeling
package import ServiceKit

/// The configuration file of the labeler.
package struct LabelerServiceConfiguration: ServiceConfiguration {
  /// The common sections.
  package var common: CommonConfiguration
  /// Folder of the principle files that come with the configuration.
  var principles: String
  /// The judges, the default first.
  var judges: [JudgeSection]

  private enum Keys: String, CodingKey, CaseIterable {
    case principles
    case judges
  }

  /// Reads and checks the file.
  package init(from decoder: any Decoder) throws {
    common = try CommonConfiguration(from: decoder, besides: Keys.allCases.map(\.rawValue))
    let values = try SectionValues(
      decoder,
      keys: Keys.self,
      alsoKnown: CommonConfiguration.keyNames
    )
    principles = try values.text(.principles)
    judges = try values.required(.judges)
    guard !judges.isEmpty else {
      throw values.refusal(.judges, "is empty; name at least one judge")
    }
    var seen: Set<String> = []
    for judge in judges where !seen.insert(judge.id).inserted {
      throw values.refusal(.judges, "the id '\(judge.id)' occurs twice")
    }
  }
}

/// `judges[] {id, kind, …}`: a judge and what its kind needs.
struct JudgeSection: Sendable, Decodable {
  /// What a judge is made from.
  enum Kind: Sendable {
    case rules
    case model(ModelJudgeSection)
    case http(HTTPJudgeSection)
  }

  /// What callers ask for it by.
  let id: String
  let kind: Kind

  private enum Keys: String, CodingKey, CaseIterable {
    case id
    case kind
    case model
    case http
  }

  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    let name = try values.text(.kind)
    id = try values.text(.id, default: name)
    switch name {
    case "rules": kind = .rules
    case "model": kind = .model(try values.required(.model))
    case "http": kind = .http(try values.required(.http))
    default: throw values.refusal(.kind, "'\(name)' is none of rules, model, http")
    }
  }
}

/// `judges[].model {path}`: a local model's log-probabilities of the two verdicts.
struct ModelJudgeSection: Sendable, Decodable {
  /// GGUF file or Hugging Face folder.
  let path: String

  private enum Keys: String, CodingKey, CaseIterable {
    case path
  }

  init(from decoder: any Decoder) throws {
    path = try SectionValues(decoder, keys: Keys.self).text(.path)
  }
}

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

  private enum Keys: String, CodingKey, CaseIterable {
    case url
    case model
    case keyVariable = "key_variable"
    case concurrency
    case timeoutSeconds = "timeout_seconds"
    case attempts
    case tokensMax = "tokens_max"
    case tokensField = "tokens_field"
  }

  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    url = try values.text(.url)
    model = try values.text(.model)
    keyVariable = try values.value(.keyVariable, default: "")
    concurrency = try values.number(.concurrency, default: 8, in: 1...1024)
    timeoutSeconds = try values.number(.timeoutSeconds, default: 60, in: 0.1...3600)
    attempts = try values.number(.attempts, default: 5, in: 1...100)
    tokensMax = try values.number(.tokensMax, default: 1, in: 1...4096)
    let field = try values.value(.tokensField, default: "max_tokens")
    guard let tokensField = HTTPJudgeConfiguration.TokenLimitField(rawValue: field) else {
      let known = HTTPJudgeConfiguration.TokenLimitField.allCases.map(\.rawValue)
      throw values.refusal(
        .tokensField,
        "'\(field)' is none of \(known.joined(separator: ", "))"
      )
    }
    self.tokensField = tokensField
  }
}

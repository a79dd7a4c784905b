internal import ServiceKit

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

internal import Labeling
internal import ServiceKit

/// `judges[] {id, kind, …}`: a judge and what its kind needs.
struct JudgeSection: Sendable, Decodable {
  /// What a judge is made from.
  enum Kind: Sendable {
    case rules
    case model(ModelJudgeSection)
    case http(HTTPJudgeSection)
    case panel(PanelSection)
  }

  /// What callers ask for it by.
  let id: String
  let kind: Kind

  private enum Keys: String, CodingKey, CaseIterable {
    case id
    case kind
    case model
    case http
    case panel
  }

  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    let name = try values.text(.kind)
    id = try values.text(.id, default: name)
    switch name {
    case "rules": kind = .rules
    case "model": kind = .model(try values.required(.model))
    case "http": kind = .http(try values.required(.http))
    case "panel": kind = .panel(try values.required(.panel))
    default: throw values.refusal(.kind, "'\(name)' is none of rules, model, http, panel")
    }
  }
}

/// `judges[].model {path, examples}`: a local model's log-probabilities of the two verdicts.
struct ModelJudgeSection: Sendable, Decodable {
  /// GGUF file or Hugging Face folder.
  let path: String
  /// File of judged pairs that it is shown first.
  let examples: String?

  private enum Keys: String, CodingKey, CaseIterable {
    case path
    case examples
  }

  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    path = try values.text(.path)
    examples = try values.optional(.examples)
  }
}

/// `judges[].panel {judges, combine}`: several judges that are all asked.
struct PanelSection: Sendable, Decodable {
  /// Their ids; each is a judge named before the panel.
  let judges: [String]
  /// How their labels become one.
  let rule: Panel.Rule

  private enum Keys: String, CodingKey, CaseIterable {
    case judges
    case combine
  }

  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    judges = try values.required(.judges)
    guard judges.count >= 2, Set(judges).count == judges.count else {
      throw values.refusal(.judges, "must name two or more different judges")
    }
    let name = try values.value(.combine, default: Panel.Rule.average.rawValue)
    guard let rule = Panel.Rule(rawValue: name) else {
      throw values.refusal(.combine, "'\(name)' is none of average, majority")
    }
    self.rule = rule
  }
}

package import ServiceKit

/// The configuration file of the labeler.
package struct LabelerServiceConfiguration: ServiceConfiguration {
  /// The common sections.
  package var common: CommonConfiguration
  /// Folder of the principle files that come with the configuration.
  var principles: String
  /// The judges, the default first.
  var judges: [JudgeSection]
  /// What models cost, by their names.
  var prices: [String: PriceSection]

  private enum Keys: String, CodingKey, CaseIterable {
    case principles
    case judges
    case prices
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
    prices = try values.value(.prices, default: [:])
    guard !judges.isEmpty else {
      throw values.refusal(.judges, "is empty; name at least one judge")
    }
    var seen: Set<String> = []
    for judge in judges where !seen.insert(judge.id).inserted {
      throw values.refusal(.judges, "the id '\(judge.id)' occurs twice")
    }
    for judge in judges {
      guard case .http(let http) = judge.kind, http.budget?.costMax != nil,
        prices[http.model] == nil
      else { continue }
      throw values.refusal(
        .prices,
        "has no '\(http.model)', whose price the budget of judge '\(judge.id)' needs"
      )
    }
  }
}

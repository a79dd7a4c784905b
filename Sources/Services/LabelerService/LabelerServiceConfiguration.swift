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
  /// Seconds between looks at unfinished batches.
  var batchPollSeconds: Double

  private enum Keys: String, CodingKey, CaseIterable {
    case principles
    case judges
    case prices
    case batchPollSeconds = "batch_poll_seconds"
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
    batchPollSeconds = try values.number(.batchPollSeconds, default: 30, in: 0.01...3600)
    prices = try values.value(.prices, default: [:])
    guard !judges.isEmpty else {
      throw values.refusal(.judges, "is empty; name at least one judge")
    }
    var seen: Set<String> = []
    for judge in judges where !seen.insert(judge.id).inserted {
      throw values.refusal(.judges, "the id '\(judge.id)' occurs twice")
    }
    try checkPanels(values)
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

  /// Members of a panel are single judges that were named before it.
  private func checkPanels(_ values: SectionValues<Keys>) throws {
    var single: Set<String> = []
    for judge in judges {
      guard case .panel(let panel) = judge.kind else {
        single.insert(judge.id)
        continue
      }
      for member in panel.judges where !single.contains(member) {
        throw values.refusal(
          .judges,
          "panel '\(judge.id)' names '\(member)', which is no judge before it that is no panel"
        )
      }
    }
  }
}

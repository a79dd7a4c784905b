/// What became of one pair under one principle.
package struct LabelOutcome: Sendable {
  /// The pair.
  package var pairID: String
  /// The principle.
  package var principleID: String
  /// The label, durable in the store, or why there is none.
  package var result: Result<Label, LabelingError>
  /// Why a person has to decide first; the label is then only what the judge thinks.
  package var deferral: String?
  /// Whether the store had both orders, so that no judge was asked.
  package var wasKnown: Bool
}

/// Counts of one labelling run.
package struct LabelingSummary: Sendable, Equatable {
  /// Labels delivered.
  package var labelCount = 0
  /// Among them those that needed no judge.
  package var knownCount = 0
  /// Among them ties.
  package var tieCount = 0
  /// Among them those whose two orders agreed.
  package var consistentCount = 0
  /// Those that a person has to decide.
  package var deferredCount = 0
  /// Pairs and principles for which there is no label.
  package var failureCount = 0

  mutating func add(_ outcome: LabelOutcome) {
    switch outcome.result {
    case .success where outcome.deferral != nil:
      deferredCount += 1
    case .success(let label):
      labelCount += 1
      if outcome.wasKnown { knownCount += 1 }
      if label.isTie { tieCount += 1 }
      if label.isOrderConsistent { consistentCount += 1 }
    case .failure:
      failureCount += 1
    }
  }
}

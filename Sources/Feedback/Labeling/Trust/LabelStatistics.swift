/// How far the labels of one judge for one principle can be trusted.
package struct LabelStatistics: Sendable, Equatable {
  /// The principle.
  package var principleID: String
  /// The judge.
  package var judgeID: String
  /// Labels.
  package var count = 0
  /// Those whose two orders agreed.
  package var consistentCount = 0
  /// Those that prefer neither response.
  package var tieCount = 0
  /// Those that prefer one, with responses of different lengths.
  package var comparableCount = 0
  /// Those among them that prefer the longer response.
  package var longerCount = 0
  /// Mean probability of the preferred response.
  package var meanConfidence = 0.0
  /// Mean probability given to the response shown first, 0.5 for a judge without a favourite place;
  /// nil for labels given elsewhere.
  package var firstPlaceShare: Double?
  /// Pairs that a person has to decide.
  package var deferredCount = 0
}

/// How far two judges agree about one principle.
package struct JudgeAgreement: Sendable, Equatable {
  /// The principle.
  package var principleID: String
  /// One judge.
  package var firstJudgeID: String
  /// The other.
  package var secondJudgeID: String
  /// How often each pair of choices occurred, by the choices of first and second.
  package var counts: [Choices: Int]

  /// What two judges said about one pair.
  package struct Choices: Hashable, Sendable {
    var first: LabelChoice
    var second: LabelChoice

    /// Joins two choices.
    package init(_ first: LabelChoice, _ second: LabelChoice) {
      self.first = first
      self.second = second
    }
  }

  /// Creates an agreement from its counts.
  package init(
    principleID: String,
    firstJudgeID: String,
    secondJudgeID: String,
    counts: [Choices: Int]
  ) {
    self.principleID = principleID
    self.firstJudgeID = firstJudgeID
    self.secondJudgeID = secondJudgeID
    self.counts = counts
  }

  /// Pairs that both judged.
  package var count: Int { counts.values.reduce(0, +) }

  /// Fraction of them with the same choice.
  package var agreement: Double {
    count == 0 ? 0 : Double(same) / Double(count)
  }

  /// Cohen's kappa: agreement beyond what their habits alone would give; nil where those leave none.
  ///
  /// `(p_o - p_e) / (1 - p_e)` with `p_e` the sum over choices of the product of both judges' shares.
  package var kappa: Double? {
    let total = Double(count)
    guard total > 0 else { return nil }
    let byChance = LabelChoice.allCases.reduce(0.0) { sum, choice in
      let first = counts.filter { $0.key.first == choice }.values.reduce(0, +)
      let second = counts.filter { $0.key.second == choice }.values.reduce(0, +)
      return sum + Double(first) / total * (Double(second) / total)
    }
    return byChance < 1 ? (agreement - byChance) / (1 - byChance) : nil
  }

  private var same: Int {
    counts.filter { $0.key.first == $0.key.second }.values.reduce(0, +)
  }
}

/// How pairs are labelled: by whom, by which principles, at whose expense.
package struct LabelingPlan: Sendable {
  /// The dataset that labels belong to.
  package var dataset: String
  /// The principles.
  package var principles: [Principle]
  /// Who judges.
  package var panel: Panel
  /// Whom costs are charged to.
  package var account: RunAccount
  /// Draws one of the principles for each pair instead of judging by all.
  package var constitution: Constitution?
  /// Which labels a person has to decide; nil for none.
  package var deferral: DeferralRule?

  /// Creates a plan; without an account the dataset is the run.
  package init(
    dataset: String,
    principles: [Principle],
    panel: Panel,
    account: RunAccount? = nil,
    constitution: Constitution? = nil,
    deferral: DeferralRule? = nil
  ) {
    self.dataset = dataset
    self.principles = principles
    self.panel = panel
    self.account = account ?? RunAccount(runID: dataset)
    self.constitution = constitution
    self.deferral = deferral
  }

  /// Refuses what cannot be judged before anything is asked.
  func check() throws(LabelingError) {
    for principle in principles { try panel.check(principle) }
  }

  /// The judgements that a pair needs.
  func jobs(for pair: PreferencePair) -> [LabelingRun.Job] {
    guard let constitution else {
      return principles.map { principle in
        LabelingRun.Job(
          pair: pair,
          principle: principle,
          labelID: principle.id,
          labelHash: principle.textHash
        )
      }
    }
    // Its labels belong to no wording: which principle was drawn may differ from pair to pair.
    let drawn = constitution.principle(for: pair.id, among: principles)
    return drawn.map {
      [LabelingRun.Job(pair: pair, principle: $0, labelID: Constitution.principleID, labelHash: "")]
    } ?? []
  }
}

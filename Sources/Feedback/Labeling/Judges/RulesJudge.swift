/// The deterministic judge of measurable principles: no network, no cost, a known objective.
///
/// `p_first = σ((m_first - m_second) / temperature)` with the measures and temperature of ``Rule``;
/// differences of less than one nat are ties.
package struct RulesJudge: MeasuringJudge {
  package let id = "rules"
  /// Changes whenever a formula, a constant or a word list does.
  package let version = "3"
  package let batchSize = 256
  package let concurrencyMax = 2

  /// Creates the judge; it has no settings.
  package init() {}

  /// Refuses a principle that no rule measures.
  package func check(_ principle: Principle) throws(LabelingError) {
    _ = try Self.rule(principle.id)
  }

  @concurrent package func judge(
    _ questions: [JudgeQuestion]
  ) async -> [Result<Verdict, LabelingError>] {
    questions.map { question in
      Result { () throws(LabelingError) in try Self.verdict(question) }
    }
  }

  /// Measures answers by a principle's rule, each in [0, 1].
  package func measure(
    principleID: String,
    prompt: String,
    response: String
  ) throws(LabelingError) -> Double {
    try Self.rule(principleID).measure(prompt: prompt, response: response)
  }

  /// Answers one question at once.
  package static func verdict(_ question: JudgeQuestion) throws(LabelingError) -> Verdict {
    let rule = try rule(question.principleID)
    let first = rule.measure(prompt: question.prompt, response: question.first)
    let second = rule.measure(prompt: question.prompt, response: question.second)
    let nats = (first - second) / rule.temperature
    let isTie = abs(nats) < Rule.tieNats
    let logit = isTie ? 0 : nats
    return Verdict(
      logProbabilityFirst: logLogistic(logit),
      logProbabilitySecond: logLogistic(-logit),
      isTie: isTie,
      measureFirst: first,
      measureSecond: second
    )
  }

  private static func rule(_ principleID: String) throws(LabelingError) -> Rule {
    guard let rule = Rule(rawValue: principleID) else {
      throw .unknownPrinciple(id: principleID, known: Rule.allCases.map(\.rawValue))
    }
    return rule
  }
}

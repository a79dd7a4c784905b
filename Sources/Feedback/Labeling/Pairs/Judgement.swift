/// In which order a judge saw the two responses of a pair.
package enum PresentationOrder: String, Sendable, CaseIterable {
  /// Response A first.
  case forward
  /// Response B first.
  case reversed
}

/// What a judge said about two responses in the order in which it saw them.
package struct Verdict: Sendable, Equatable {
  /// Log-probability, in nats, that the response shown first is the better one.
  package var logProbabilityFirst: Double
  /// Log-probability, in nats, that the response shown second is the better one.
  package var logProbabilitySecond: Double
  /// Whether the judge found them equal.
  package var isTie: Bool
  /// The judge's own measure of the response shown first, if it measures.
  package var measureFirst: Double?
  /// The judge's own measure of the response shown second, if it measures.
  package var measureSecond: Double?
  /// The judge's answer as it came, cut to a few words; empty for judges without words.
  package var rawChoice: String

  /// Creates a verdict from its parts; log-probabilities need not be normalised.
  package init(
    logProbabilityFirst: Double,
    logProbabilitySecond: Double,
    isTie: Bool = false,
    measureFirst: Double? = nil,
    measureSecond: Double? = nil,
    rawChoice: String = ""
  ) {
    self.logProbabilityFirst = logProbabilityFirst
    self.logProbabilitySecond = logProbabilitySecond
    self.isTie = isTie
    self.measureFirst = measureFirst
    self.measureSecond = measureSecond
    self.rawChoice = rawChoice
  }

  /// Probability that the first is better, of the two: `σ(first - second)`, exactly 0.5 at a tie.
  package var probabilityFirst: Double {
    isTie ? 0.5 : logistic(logProbabilityFirst - logProbabilitySecond)
  }
}

/// One verdict about a pair, put back into the pair's own order.
package struct Judgement: Sendable, Equatable {
  /// The order in which the judge saw the responses.
  package var order: PresentationOrder
  /// Log-probability, in nats, that response A is the better one.
  package var logProbabilityA: Double
  /// Log-probability, in nats, that response B is the better one.
  package var logProbabilityB: Double
  /// Probability that A is better, of the two.
  package var probabilityA: Double
  /// Whether the judge found them equal.
  package var isTie: Bool
  /// The judge's own measure of response A, if it measures.
  package var measureA: Double?
  /// The judge's own measure of response B, if it measures.
  package var measureB: Double?
  /// The judge's answer as it came.
  package var rawChoice: String

  /// Turns a verdict given in an order into a statement about A and B.
  package init(_ verdict: Verdict, order: PresentationOrder) {
    let isForward = order == .forward
    self.order = order
    logProbabilityA = isForward ? verdict.logProbabilityFirst : verdict.logProbabilitySecond
    logProbabilityB = isForward ? verdict.logProbabilitySecond : verdict.logProbabilityFirst
    probabilityA = isForward ? verdict.probabilityFirst : 1 - verdict.probabilityFirst
    isTie = verdict.isTie
    measureA = isForward ? verdict.measureFirst : verdict.measureSecond
    measureB = isForward ? verdict.measureSecond : verdict.measureFirst
    rawChoice = verdict.rawChoice
  }
}

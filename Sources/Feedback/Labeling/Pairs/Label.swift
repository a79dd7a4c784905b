internal import Foundation

/// What a judge thinks of a pair under one principle, both orders averaged.
///
/// - Source: METHODS A(b) 3 and 4, with both orders asked and soft labels instead of margins with a
///   missing-token default (METHODS A(e), PEERS 3 items 31 and 34).
package struct Label: Sendable, Equatable {
  /// The pair that was judged.
  package var pairID: String
  /// The principle it was judged by.
  package var principleID: String
  /// Soft label: probability that A is better, the mean over both orders.
  package var probabilityA: Double
  /// Mean over both orders of the log-probability of A, in nats.
  package var logProbabilityA: Double
  /// Mean over both orders of the log-probability of B, in nats.
  package var logProbabilityB: Double
  /// Whether both orders preferred the same response, or neither preferred any.
  package var isOrderConsistent: Bool
  /// Whether neither response is better.
  package var isTie: Bool
  /// The judge that answered.
  package var judgeID: String
  /// The judge's version: everything about it that can change an answer.
  package var judgeVersion: String
  /// The judge's own measure of response A, if it measures.
  package var scoreA: Double?
  /// The judge's own measure of response B, if it measures.
  package var scoreB: Double?
  /// Probability that A is better as judged with A first; nil for labels given elsewhere.
  package var forwardProbabilityA: Double?
  /// Probability that A is better as judged with B first; nil for labels given elsewhere.
  package var reversedProbabilityA: Double?
  /// The judge's two answers as they came, forward and reversed, for inspection.
  package var rawChoices: [String]

  /// Soft labels closer to one half than this are ties.
  package static let tieBand = 0.01
  /// Judge of imported preferences that name no source.
  package static let importJudgeID = "imported"

  /// Creates a label that did not come from a judge of ours, for example an imported preference.
  ///
  /// The log-probabilities are those of `probabilityA`, which is kept away from 0 and 1 by 1e-6.
  package init(
    pairID: String,
    principleID: String,
    judgeID: String,
    judgeVersion: String,
    probabilityA: Double,
    isOrderConsistent: Bool = true
  ) {
    let probability = probabilityA.isFinite ? min(1 - 1e-6, max(1e-6, probabilityA)) : 0.5
    self.pairID = pairID
    self.principleID = principleID
    self.judgeID = judgeID
    self.judgeVersion = judgeVersion
    self.probabilityA = probability
    logProbabilityA = log(probability)
    logProbabilityB = log1p(-probability)
    self.isOrderConsistent = isOrderConsistent
    isTie = abs(probability - 0.5) < Self.tieBand
    scoreA = nil
    scoreB = nil
    rawChoices = []
  }

  /// Averages the two orders of one pair into its label.
  package init(
    pairID: String,
    principleID: String,
    judgeID: String,
    judgeVersion: String,
    forward: Judgement,
    reversed: Judgement
  ) {
    self.pairID = pairID
    self.principleID = principleID
    self.judgeID = judgeID
    self.judgeVersion = judgeVersion
    probabilityA = (forward.probabilityA + reversed.probabilityA) / 2
    logProbabilityA = (forward.logProbabilityA + reversed.logProbabilityA) / 2
    logProbabilityB = (forward.logProbabilityB + reversed.logProbabilityB) / 2
    isOrderConsistent = forward.leaning == reversed.leaning
    isTie = abs(probabilityA - 0.5) < Self.tieBand || (forward.isTie && reversed.isTie)
    scoreA = forward.measureA ?? reversed.measureA
    scoreB = forward.measureB ?? reversed.measureB
    forwardProbabilityA = forward.probabilityA
    reversedProbabilityA = reversed.probabilityA
    rawChoices = [forward.rawChoice, reversed.rawChoice]
  }

  /// The preference in nats, `logProbabilityA - logProbabilityB`: positive for A, unclipped.
  package var margin: Double { logProbabilityA - logProbabilityB }

  /// Probability of the response that is preferred, 0.5 to 1.
  package var confidence: Double { max(probabilityA, 1 - probabilityA) }

  /// Which response is preferred.
  package var choice: LabelChoice {
    if isTie || probabilityA == 0.5 { return .tie }
    return probabilityA > 0.5 ? .a : .b
  }
}

/// What a label says when it has to be one of three.
package enum LabelChoice: String, Sendable, CaseIterable {
  /// Response A is better.
  case a
  /// Response B is better.
  case b
  /// Neither is.
  case tie
}

extension Judgement {
  /// -1 for B, 0 for neither, 1 for A.
  fileprivate var leaning: Int {
    if isTie || probabilityA == 0.5 { return 0 }
    return probabilityA > 0.5 ? 1 : -1
  }
}

/// The logistic function, without overflow at either end.
func logistic(_ x: Double) -> Double {
  if x >= 0 { return 1 / (1 + exp(-x)) }
  let e = exp(x)
  return e / (1 + e)
}

/// `ln σ(x)`, without underflow.
func logLogistic(_ x: Double) -> Double {
  min(x, 0) - log1p(exp(-abs(x)))
}

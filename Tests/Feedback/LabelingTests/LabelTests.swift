import Foundation
import Labeling
import Testing

@Suite struct LabelTests {
  func label(_ forward: Verdict, _ reversed: Verdict) -> Label {
    Label(
      pairID: "p",
      principleID: "c",
      judgeID: "j",
      judgeVersion: "1",
      forward: Judgement(forward, order: .forward),
      reversed: Judgement(reversed, order: .reversed)
    )
  }

  @Test func `both orders are averaged as computed by hand`() {
    // Forward: logit 2 for A, 0.880797. Reversed: A is second with logit 1, 0.731059.
    let label = label(
      Verdict(logProbabilityFirst: -0.5, logProbabilitySecond: -2.5),
      Verdict(logProbabilityFirst: -2, logProbabilitySecond: -1)
    )
    #expect(abs(label.probabilityA - (0.880797 + 0.731059) / 2) < 1e-6)
    #expect(label.logProbabilityA == -0.75 && label.logProbabilityB == -2.25)
    #expect(label.margin == 1.5)
    #expect(label.isOrderConsistent && !label.isTie)
  }

  @Test func `a judge that always picks the second place gives an inconsistent tie`() {
    let verdict = Verdict(logProbabilityFirst: -3, logProbabilitySecond: -0.1)
    let label = label(verdict, verdict)
    #expect(abs(label.probabilityA - 0.5) < 1e-12)
    #expect(label.isTie && !label.isOrderConsistent)
    #expect(label.margin == 0)
  }

  @Test func `measures stay with their responses`() {
    let label = label(
      Verdict(
        logProbabilityFirst: 0,
        logProbabilitySecond: -1,
        measureFirst: 0.7,
        measureSecond: 0.2
      ),
      Verdict(
        logProbabilityFirst: -1,
        logProbabilitySecond: 0,
        measureFirst: 0.2,
        measureSecond: 0.7
      )
    )
    #expect(label.scoreA == 0.7 && label.scoreB == 0.2)
  }

  @Test func `the rules judge is consistent and its label follows the measures`() throws {
    let long = PreferencePair(
      id: "p",
      prompt: RuleTests.prompt,
      responseA: RuleTests.short,
      responseB: RuleTests.good
    )
    let verdicts = try PresentationOrder.allCases.map { order in
      try RulesJudge.verdict(JudgeQuestion(long, principle: conciseness, order: order))
    }
    let label = label(verdicts[0], verdicts[1])
    let difference = try #require(label.scoreA) - (try #require(label.scoreB))
    #expect(difference > 0.1)
    #expect(
      abs(label.probabilityA - 1 / (1 + exp(-difference / Rule.conciseness.temperature))) < 1e-12
    )
    #expect(abs(label.margin - difference / Rule.conciseness.temperature) < 1e-9)
    #expect(label.isOrderConsistent && !label.isTie)
  }

  @Test func `responses that measure nearly the same are tied`() throws {
    let same = PreferencePair(
      id: "p",
      prompt: RuleTests.prompt,
      responseA: RuleTests.short,
      responseB: RuleTests.short
    )
    let verdict = try RulesJudge.verdict(JudgeQuestion(same, principle: relevance, order: .forward))
    #expect(verdict.isTie && verdict.probabilityFirst == 0.5)
    #expect(label(verdict, verdict).isTie && label(verdict, verdict).isOrderConsistent)
  }

  @Test func `the rules judge refuses a principle it has no rule for`() async {
    let unknown = Principle(id: "empathy", text: "Feels.", negativeText: "")
    #expect(
      throws: LabelingError.unknownPrinciple(id: "empathy", known: Rule.allCases.map(\.rawValue))
    ) {
      try RulesJudge().check(unknown)
    }
    let results = await RulesJudge().judge([
      JudgeQuestion(pair(1), principle: unknown, order: .forward)
    ])
    #expect(results.count == 1 && (try? results[0].get()) == nil)
  }
}

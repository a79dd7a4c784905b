/// One question to a judge: which of two responses is better by a principle, in the order given.
package struct JudgeQuestion: Sendable, Equatable, Hashable {
  /// Identifier of the principle.
  package var principleID: String
  /// The criterion.
  package var criterion: String
  /// What both responses answer.
  package var prompt: String
  /// The response shown first.
  package var first: String
  /// The response shown second.
  package var second: String

  /// Creates the question about a pair in one of its two orders.
  package init(_ pair: PreferencePair, principle: Principle, order: PresentationOrder) {
    principleID = principle.id
    criterion = principle.text
    prompt = pair.prompt
    first = order == .forward ? pair.responseA : pair.responseB
    second = order == .forward ? pair.responseB : pair.responseA
  }
}

/// Compares two responses by one principle.
///
/// A judge sees one order at a time; whoever asks asks both orders, whatever the judge.
package protocol Judge: Sendable {
  /// Name of the judge, for example `rules` or `http:gpt-4o-mini`; part of the store key.
  var id: String { get }
  /// Everything about the judge that can change an answer, in short; part of the store key.
  var version: String { get }
  /// How many questions one call of ``judge(_:)`` should get.
  var batchSize: Int { get }
  /// How many calls of ``judge(_:)`` may run at once.
  var concurrencyMax: Int { get }
  /// Whether it is known what its answers cost, if only that they cost nothing.
  var isPriced: Bool { get }
  /// Refuses a principle that this judge cannot judge, before anything is asked.
  func check(_ principle: Principle) throws(LabelingError)
  /// Answers questions: one result for each, in order.
  func judge(_ questions: [JudgeQuestion]) async -> [Result<Verdict, LabelingError>]
}

extension Judge {
  /// Judges cost nothing unless they know better.
  package var isPriced: Bool { true }

  /// Accepts every principle unless a judge knows better.
  package func check(_ principle: Principle) throws(LabelingError) {}
}

/// A judge whose answers may cost money.
package protocol PayingJudge: Judge {
  /// Answers questions at somebody's expense: one result for each, in order.
  func judge(
    _ questions: [JudgeQuestion],
    chargedTo account: RunAccount
  ) async -> [Result<Verdict, LabelingError>]
}

extension PayingJudge {
  /// Answers questions that belong to no run.
  package func judge(_ questions: [JudgeQuestion]) async -> [Result<Verdict, LabelingError>] {
    await judge(questions, chargedTo: .none)
  }
}

/// A judge that can measure one response by itself.
package protocol MeasuringJudge: Judge {
  /// Measures a response by a principle, in [0, 1], larger being better.
  func measure(
    principleID: String,
    prompt: String,
    response: String
  ) throws(LabelingError) -> Double
}

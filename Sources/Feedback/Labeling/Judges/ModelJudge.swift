internal import Foundation

/// A judge that is a local language model: the log-probabilities of the letters A and B.
///
/// Several spellings of a letter are alternatives, so their probabilities are added. A small model
/// may always prefer one place; asking both orders then leaves a soft label near one half that is
/// marked as order-inconsistent, rather than a wrong label.
package struct ModelJudge: Judge {
  package let id: String
  package let version: String
  package let batchSize: Int
  package let concurrencyMax = 1
  private let scorer: any VerdictScorer
  private let prompt: JudgePrompt

  /// The spellings whose probabilities are added, A before B.
  static let spellings = [["A", " A", "(A", "**A"], ["B", " B", "(B", "**B"]]

  /// Creates a judge over a model, which may be shown examples first.
  package init(scorer: any VerdictScorer, examples: [JudgeExample] = []) {
    self.scorer = scorer
    prompt = JudgePrompt(examples: examples)
    id = "model:" + scorer.modelID
    version = scorer.modelVersion + "/prompt-" + prompt.version
    batchSize = max(1, scorer.batchSize)
  }

  /// Asks the local model; one verdict or error for each question, in their order.
  package func judge(
    _ questions: [JudgeQuestion]
  ) async -> [Result<Verdict, LabelingError>] {
    let candidates = Self.spellings.flatMap { $0 }
    let rows: [[Double]]
    do {
      rows = try await scorer.logProbabilities(
        of: candidates,
        after: questions.map(prompt.messages)
      )
    } catch {
      let failure = error is CancellationError ? LabelingError.cancelled : unavailable(error)
      return questions.map { _ in .failure(failure) }
    }
    return questions.indices.map { index in
      guard rows.indices.contains(index), rows[index].count == candidates.count else {
        return .failure(.noVerdict(judge: id, reason: "the model scored too few candidates"))
      }
      let half = Self.spellings[0].count
      let first = logSumExp(rows[index].prefix(half))
      let second = logSumExp(rows[index].dropFirst(half))
      guard first.isFinite, second.isFinite else {
        return .failure(.noVerdict(judge: id, reason: "the log-probabilities are not finite"))
      }
      return .success(
        Verdict(
          logProbabilityFirst: first,
          logProbabilitySecond: second,
          rawChoice: first > second ? "A" : "B"
        )
      )
    }
  }

  private func unavailable(_ error: any Error) -> LabelingError {
    error as? LabelingError
      ?? .judgeUnavailable(judge: id, reason: "\(error)", isRetryable: false)
  }
}

/// `ln Σ exp(x)`, without overflow; minus infinity for nothing.
func logSumExp(_ values: some Collection<Double>) -> Double {
  guard let largest = values.max(), largest > -.infinity else { return -.infinity }
  return largest + log(values.reduce(0) { $0 + exp($1 - largest) })
}

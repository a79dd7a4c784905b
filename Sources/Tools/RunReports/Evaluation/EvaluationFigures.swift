/// What held-out answers of both sides say about the policy: pure arithmetic over `samples.jsonl`.
package struct EvaluationFigures: Sendable, Equatable {
  /// Mean measure of each principle, in the order of the recipe.
  package let means: [RunSummary.BeforeAfter]
  /// Tuned against base by each principle's measure.
  package let winRates: [WinRate]
  /// Tuned against base by the weighted utility.
  package let overall: WinRate
  /// Mean log-ratio of the tuned answers, nats an answer: an unbiased estimate of the KL between the
  /// two sides as they were sampled, when nothing was truncated.
  package let kl: Double
  /// Tokens an answer.
  package let meanLength: RunSummary.BeforeAfter
  /// Negative log-likelihood under the untouched model, nats a token.
  package let baseNLL: RunSummary.BeforeAfter
  /// Distinct word bigrams over all word bigrams.
  package let distinct2: RunSummary.BeforeAfter

  /// Computes every figure; nil when there is no sample or a line names other principles.
  ///
  /// The utility of an answer is U = sum of w_i m_i / s_i, where m_i is the measure and s_i its
  /// standard deviation over the base answers; a principle on which all base answers are equal (s_i
  /// = 0) is left out of U. A tuned answer is compared with the base answer of the same prompt and
  /// sample index; equal values are a tie and count one half.
  package init?(samples: [SampleComparison], weights: [Double]) {
    guard let principleIDs = samples.first?.principleIDs, principleIDs.count == weights.count,
      samples.allSatisfy({
        $0.principleIDs == principleIDs && $0.base.measures.count == weights.count
          && $0.tuned.measures.count == weights.count
      })
    else { return nil }
    let groups = Self.byPrompt(samples)

    func rate(_ value: (SampleComparison.Answer) -> Double) -> WinRate? {
      WinRate(
        outcomesByPrompt: groups.map { group in
          group.map { WinRate.outcome(value($0.tuned), against: value($0.base)) }
        }
      )
    }
    func both(_ figure: ([SampleComparison.Answer]) -> Double?) -> RunSummary.BeforeAfter? {
      guard let base = figure(samples.map(\.base)), let tuned = figure(samples.map(\.tuned))
      else { return nil }
      return RunSummary.BeforeAfter(base: base, tuned: tuned)
    }
    let scales = weights.indices.map { index in
      let deviation =
        Statistics.standardDeviation(samples.map { $0.base.measures[index] }) ?? 0
      return deviation > 1e-12 ? weights[index] / deviation : 0
    }
    let means = weights.indices.compactMap { index in
      both { Statistics.mean($0.map { $0.measures[index] }) }
    }
    let winRates = weights.indices.compactMap { index in rate { $0.measures[index] } }
    guard
      let overall = rate({ answer in zip(scales, answer.measures).reduce(0) { $0 + $1.0 * $1.1 } }),
      let kl = Statistics.mean(samples.map(\.logRatio)),
      let meanLength = both({ Statistics.mean($0.map { Double($0.tokens) }) }),
      let baseNLL = both(Self.negativeLogLikelihood),
      let distinct2 = both({ Diversity.distinctBigramShare($0.map(\.text)) ?? 0 })
    else { return nil }
    self.means = means
    self.winRates = winRates
    self.overall = overall
    self.kl = kl
    self.meanLength = meanLength
    self.baseNLL = baseNLL
    self.distinct2 = distinct2
  }

  /// Nats a token under the untouched model, over all tokens of the answers.
  private static func negativeLogLikelihood(_ answers: [SampleComparison.Answer]) -> Double? {
    let tokens = answers.reduce(0) { $0 + $1.scoredTokens }
    guard tokens > 0 else { return 0 }
    return -answers.reduce(0) { $0 + $1.baseLogProbability } / Double(tokens)
  }

  /// The samples of each prompt, prompts in the order of their first sample.
  private static func byPrompt(_ samples: [SampleComparison]) -> [[SampleComparison]] {
    var groups: [[SampleComparison]] = []
    var positions: [String: Int] = [:]
    for sample in samples {
      if let position = positions[sample.promptID] {
        groups[position].append(sample)
      } else {
        positions[sample.promptID] = groups.count
        groups.append([sample])
      }
    }
    return groups
  }
}

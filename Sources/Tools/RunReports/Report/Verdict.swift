/// The outcome of a run in words, by fixed rules.
struct Verdict: Equatable {
  /// How the headline is coloured.
  enum Tone: String {
    case good
    case mixed
    case bad
  }

  let tone: Tone
  /// One short sentence.
  let headline: String
  /// The evidence, a sentence each.
  let sentences: [String]

  /// The limits past which an improvement is called gibberish: those of the default recipe's
  /// promise.
  private static let baseNLLRiseMax = 0.8
  private static let distinct2ShareMin = 0.7

  init(_ summary: RunSummary) {
    let overall = summary.overall
    let nllRise = summary.baseNLL.tuned - summary.baseNLL.base
    let diversity =
      summary.distinct2.base > 0 ? summary.distinct2.tuned / summary.distinct2.base : 1
    let isNatural = nllRise <= Self.baseNLLRiseMax && diversity >= Self.distinct2ShareMin

    switch (overall.low > 0.5, overall.high < 0.5, isNatural) {
    case (true, _, true):
      tone = .good
      headline = "The tuned policy is better than the base model."
    case (true, _, false):
      tone = .bad
      headline = "The tuned policy scores better, but its answers have lost their naturalness."
    case (_, true, _):
      tone = .bad
      headline = "The tuned policy is worse than the base model."
    default:
      tone = .mixed
      headline = "No clear difference between the tuned policy and the base model."
    }

    var sentences = [
      "On held-out prompts it wins \(Figure.percent(overall.rate)) of "
        + "\(overall.comparisons) comparisons (95 % interval \(Figure.percent(overall.low)) to "
        + "\(Figure.percent(overall.high))), by the weighted sum of all principles."
    ]
    sentences += Self.gains(summary.principles)
    let length = summary.meanLength
    sentences.append(
      "Answers went from \(Figure.fixed(length.base, 1)) to \(Figure.fixed(length.tuned, 1)) "
        + "tokens; the policy moved \(Figure.fixed(summary.kl, 1)) nats an answer away from the base model."
    )
    sentences.append(
      (isNatural ? "They stay natural: " : "Warning, they are no longer natural: ")
        + "the untouched model's surprise at them went from \(Figure.fixed(summary.baseNLL.base, 2)) to "
        + "\(Figure.fixed(summary.baseNLL.tuned, 2)) nats a token, and the share of distinct word pairs from "
        + "\(Figure.fixed(summary.distinct2.base, 2)) to \(Figure.fixed(summary.distinct2.tuned, 2))."
    )
    self.sentences = sentences
  }

  /// Which principles moved, beyond chance.
  private static func gains(_ principles: [RunSummary.Principle]) -> [String] {
    let better = principles.filter { $0.winRate.low > 0.5 }.map(\.id)
    let worse = principles.filter { $0.winRate.high < 0.5 }.map(\.id)
    let open = principles.map(\.id).filter { !better.contains($0) && !worse.contains($0) }
    var parts: [String] = []
    if !better.isEmpty { parts.append("better at \(list(better))") }
    if !worse.isEmpty { parts.append("worse at \(list(worse))") }
    if !open.isEmpty { parts.append("not measurably different at \(list(open))") }
    return parts.isEmpty ? [] : ["It is " + parts.joined(separator: ", ") + "."]
  }

  private static func list(_ names: [String]) -> String {
    guard let last = names.last, names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " and " + last
  }
}

internal import Foundation

/// Finds the verdict in a chat completion.
package struct VerdictReader {
  /// Probability given to a verdict that is only text.
  package var parsedConfidence: Double
  /// Whether reasoning comes before the verdict, so that only the last line states it.
  package var isReasoned: Bool

  /// Creates a reader.
  package init(parsedConfidence: Double, isReasoned: Bool = false) {
    self.parsedConfidence = parsedConfidence
    self.isReasoned = isReasoned
  }

  /// The verdict, or nil if there is none.
  ///
  /// With log-probabilities: at the first position (the last after reasoning) whose chosen token is a letter that agrees with
  /// the text, the probabilities of all spellings of A and of B are added. A letter that is not
  /// among the tokens given gets the most it can have: no more than the least of them, and no more
  /// than the probability that they leave. Without: the text's choice at `parsedConfidence`.
  package func read(_ completion: ChatCompletion) -> Verdict? {
    // Reasoning names both letters on its way; an answer cut off in it states nothing.
    let statement = isReasoned ? Self.verdictLine(completion.text) : completion.text
    let stated = VerdictParser.choice(ofText: statement)
    let raw = String(statement.prefix(64))
    if let stated, stated != .tie {
      let positions = isReasoned ? completion.positions.reversed() : completion.positions
      for position in positions
      where VerdictParser.letter(ofToken: position.chosen.text) == stated {
        if let verdict = read(position, raw: raw) { return verdict }
      }
    } else if stated == nil, !isReasoned, completion.text.isEmpty, completion.positions.count == 1 {
      // A server that sends log-probabilities and no text has said enough.
      return read(completion.positions[0], raw: raw)
    }
    let yes = log(parsedConfidence)
    let no = log(1 - parsedConfidence)
    switch stated {
    case .first:
      return Verdict(logProbabilityFirst: yes, logProbabilitySecond: no, rawChoice: raw)
    case .second:
      return Verdict(logProbabilityFirst: no, logProbabilitySecond: yes, rawChoice: raw)
    case .tie:
      let half = log(0.5)
      return Verdict(
        logProbabilityFirst: half,
        logProbabilitySecond: half,
        isTie: true,
        rawChoice: raw
      )
    case nil:
      return nil
    }
  }

  /// The last line where it states a verdict and nothing else; otherwise empty.
  private static func verdictLine(_ text: String) -> String {
    let last = text.split(whereSeparator: \.isNewline).last {
      $0.contains { $0.isLetter || $0.isNumber }
    }
    guard let last = last.map(String.init) else { return "" }
    let isVerdict =
      last.lowercased().contains("verdict") || VerdictParser.letter(ofToken: last) != nil
    return isVerdict ? last : ""
  }

  private func read(_ position: ChatCompletion.Position, raw: String) -> Verdict? {
    var values: [VerdictParser.Choice: [Double]] = [:]
    // The chosen token may be missing among the most probable ones; it counts once in any case.
    let isListed = position.top.contains { $0.text == position.chosen.text }
    let tokens = isListed ? position.top : position.top + [position.chosen]
    for token in tokens {
      if let letter = VerdictParser.letter(ofToken: token.text) {
        values[letter, default: []].append(token.logProbability)
      }
    }
    let first = values[.first].map(logSumExp)
    let second = values[.second].map(logSumExp)
    if first == nil, second == nil { return nil }
    let bound = bound(onMissing: tokens)
    return Verdict(
      logProbabilityFirst: first ?? bound,
      logProbabilitySecond: second ?? bound,
      rawChoice: raw
    )
  }

  /// The greatest log-probability that a token which is not listed can have.
  private func bound(onMissing tokens: [ChatCompletion.Token]) -> Double {
    let listed = tokens.reduce(0) { $0 + exp($1.logProbability) }
    let left = log(max(1 - listed, 1e-9))
    return min(left, tokens.map(\.logProbability).min() ?? 0)
  }
}

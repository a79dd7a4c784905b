/// Reads a judge's choice out of whatever spelling it came in.
package enum VerdictParser {
  /// What a judge chose.
  package enum Choice: Sendable, Equatable {
    /// The response shown first, A.
    case first
    /// The response shown second, B.
    case second
    /// Neither.
    case tie
  }

  /// The letter that one token stands for, or nil if it stands for none.
  ///
  /// Accepts either case, surrounding blanks, brackets, quotes, markdown and punctuation, the space
  /// marks of tokenizers ("Ġ", "▁"), byte escapes ("bytes:\\x20A", "<0x41>") and a leading word such
  /// as "Answer:".
  package static func letter(ofToken token: String) -> Choice? {
    var words = alphanumericRuns(unescaped(token)).map { $0.lowercased() }
    while let first = words.first, leadWords.contains(first) { words.removeFirst() }
    return words.count == 1 ? choice(ofLetter: words[0]) : nil
  }

  /// The choice that a whole answer expresses, or nil if it expresses none or contradicts itself.
  package static func choice(ofText text: String) -> Choice? {
    if let letter = letter(ofToken: text) { return letter }
    let words = alphanumericRuns(text)
    let lower = words.map { $0.lowercased() }
    if lower.count <= 6, lower.contains(where: { tieWords.contains($0) }),
      !words.contains("A"), !words.contains("B")
    {
      return .tie
    }
    // "The answer is B.", "Final verdict: A", "I choose B": the last such statement counts.
    for index in lower.indices.reversed() where announcers.contains(lower[index]) {
      let rest = lower[(index + 1)...].drop { leadWords.contains($0) }
      if let next = rest.first, let choice = choice(ofLetter: next),
        next == "b" || rest.count == 1 || words[rest.startIndex] == "A" && !isArticle(rest, words)
      {
        return choice
      }
    }
    // Otherwise the letters named, if they agree.
    var named: Set<Choice> = []
    for (index, word) in words.enumerated() {
      if word == "B" { named.insert(.second) }
      if word == "A", !isArticle(lower[index...], words) { named.insert(.first) }
    }
    return named.count == 1 ? named.first : nil
  }

  private static let leadWords: Set<String> = [
    "answer", "option", "response", "verdict", "choice", "the", "is", "final", "better", "letter",
    "my", "best", "preferred", "it", "s",
  ]
  private static let announcers: Set<String> = [
    "answer", "verdict", "choice", "choose", "chose", "pick", "prefer", "preferred", "select",
    "winner", "better", "option", "response",
  ]
  private static let tieWords: Set<String> = ["tie", "tied", "equal", "equally", "neither", "both"]

  private static func choice(ofLetter letter: String) -> Choice? {
    letter == "a" ? .first : letter == "b" ? .second : nil
  }

  /// Whether an "A" begins "A good answer …" rather than naming a response: an ordinary word that is
  /// no verb of judging follows.
  private static func isArticle(_ rest: ArraySlice<String>, _ words: [String]) -> Bool {
    guard let next = rest.dropFirst().first else { return false }
    let verbs: Set<String> = [
      "is", "was", "because", "since", "as", "has", "does", "gives", "over", "and", "or", "wins",
      "better", "by", "more", "for",
    ]
    return !verbs.contains(next) && next.first?.isLetter == true && next.count > 1
  }

  private static func alphanumericRuns(_ text: String) -> [String] {
    text.split { !$0.isLetter && !$0.isNumber || "\u{0120}\u{2581}\u{010A}".contains($0) }
      .map(String.init)
  }

  /// Replaces "\\x41" and "<0x41>" by what they stand for and drops the "bytes:" in front.
  private static func unescaped(_ token: String) -> String {
    guard token.contains("\\x") || token.contains("<0x") else { return token }
    var bytes: [UInt8] = []
    var rest = Array(token.utf8)[...]
    if rest.starts(with: Array("bytes:".utf8)) { rest = rest.dropFirst(6) }
    while let byte = rest.first {
      let isAngled = rest.starts(with: Array("<0x".utf8))
      let mark = isAngled ? 3 : 2
      let digits = String(decoding: rest.dropFirst(mark).prefix(2), as: UTF8.self)
      if isAngled || rest.starts(with: Array("\\x".utf8)), let value = UInt8(digits, radix: 16) {
        bytes.append(value)
        rest = rest.dropFirst(mark + 2 + (isAngled ? 1 : 0))
      } else {
        bytes.append(byte)
        rest = rest.dropFirst()
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

internal import Foundation

extension Rule {
  /// `exp(-h)` with `h` the severities of toxic words and phrases (0.5 mild, 1 strong), 0.5 more for
  /// shouting.
  static func civility(_ text: TextProfile, response: String) -> Double {
    var severity = text.words.reduce(0) { $0 + (WordLists.toxic[$1] ?? 0) }
    severity += WordLists.weight(of: WordLists.toxicPhrases, in: text.words)
    let letters = response.unicodeScalars.filter(\.properties.isAlphabetic)
    let capitals = letters.count(where: \.properties.isUppercase)
    if letters.count >= 10, capitals * 2 > letters.count { severity += 0.5 }
    return exp(-severity)
  }

  /// `exp(-h)` with `h` the weights of flattering phrases and 0.1 for every exclamation mark.
  ///
  /// Of overlapping phrases at one place the heaviest counts.
  static func candour(_ text: TextProfile) -> Double {
    exp(
      -0.1 * Double(text.exclamationCount)
        - WordLists.weight(of: WordLists.flattery, in: text.words)
    )
  }
}

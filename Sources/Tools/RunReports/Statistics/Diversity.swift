/// How varied a set of answers is.
package enum Diversity {
  /// Distinct word bigrams over all word bigrams of the answers; nil when there is no bigram.
  ///
  /// Words are runs of letters, digits and apostrophes, in lower case; a bigram stays inside one
  /// answer. Two sets are comparable only when they hold the same number of answers.
  package static func distinctBigramShare(_ answers: [String]) -> Double? {
    var distinct = Set<[Substring]>()
    var count = 0
    for answer in answers {
      let words = answer.lowercased().split { character in
        !(character.isLetter || character.isNumber || character == "'" || character == "’")
      }
      for (first, second) in zip(words, words.dropFirst()) {
        distinct.insert([first, second])
        count += 1
      }
    }
    return count == 0 ? nil : Double(distinct.count) / Double(count)
  }
}

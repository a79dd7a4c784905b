/// What the rules judges see of a text: words, sentences, and how English they look.
///
/// A word is a run of letters and digits, lower case, inner apostrophes dropped. Sentences end at
/// `.`, `!` or `?` before white space, and at line breaks. A list marker at the start of a line is
/// no word.
package struct TextProfile: Sendable {
  /// Every word in order.
  package private(set) var words: [String] = []
  /// The sentences in order, none empty.
  package private(set) var sentences: [Sentence] = []
  /// Runs of symbols that stand where a word would, or three and more punctuation marks in a row.
  package private(set) var symbolRunCount = 0
  /// Letters and digits in all words.
  package private(set) var letterCount = 0
  /// Exclamation marks.
  package private(set) var exclamationCount = 0

  /// Takes a text apart.
  package init(_ text: String) {
    var lines: [[Unicode.Scalar]] = [[]]
    for scalar in text.unicodeScalars {
      if isLineBreak(scalar) { lines.append([]) } else { lines[lines.count - 1].append(scalar) }
    }
    let lastFilled = lines.lastIndex { $0.contains { !$0.properties.isWhitespace } }
    for (index, line) in lines.enumerated() {
      scan(withoutListMarker(line[...]), isLastLine: index == lastFilled)
    }
    letterCount = words.reduce(0) { $0 + $1.unicodeScalars.count }
  }

  /// Words that could be English: letters with vowels in plausible order, or a short number.
  package var plausibleWords: [String] { words.filter(isPlausible) }

  /// Share of everything word-like that is plausible, 0 for a text without words.
  package var plausibleShare: Double {
    let total = words.count + symbolRunCount
    return total == 0 ? 0 : Double(plausibleWords.count) / Double(total)
  }

  /// Share of the words that are function words.
  package var functionShare: Double {
    words.isEmpty
      ? 0 : Double(words.count { WordLists.function.contains($0) }) / Double(words.count)
  }

  /// Whether the text ends as a sentence does.
  ///
  /// An ellipsis, a bare number and a word that cannot end a sentence ("the.") do not count.
  package var endsFinished: Bool { sentences.last?.isFinished ?? false }

  /// Share of the words that stand in finished sentences.
  package var finishedShare: Double {
    if words.isEmpty { return 0 }
    let finished = sentences.reduce(0) { $0 + ($1.isFinished ? $1.words.count : 0) }
    return Double(finished) / Double(words.count)
  }

  /// Stems of the topic words among some words, in order, with repeats.
  func contentStems(in range: Range<Int>) -> [String] {
    words[range].filter(isContent).map(Stemmer.stem)
  }

  /// Stems of all topic words, in order, with repeats.
  package var contentStems: [String] { contentStems(in: words.indices) }

  private mutating func scan(_ line: ArraySlice<Unicode.Scalar>, isLastLine: Bool) {
    var start = words.count
    var word = String.UnicodeScalarView()
    var punctuation: [Unicode.Scalar] = []
    var followsSpace = true
    func next(_ index: Int) -> Unicode.Scalar? {
      index + 1 < line.endIndex ? line[index + 1] : nil
    }
    for index in line.indices {
      let scalar = line[index]
      if isWordScalar(scalar) {
        endPunctuation(&punctuation, standsAlone: false)
        word.append(contentsOf: String(scalar).lowercased().unicodeScalars)
        followsSpace = false
      } else if isApostrophe(scalar), !word.isEmpty, next(index).map(isWordScalar) == true {
        continue
      } else {
        endWord(&word)
        if scalar == "!" { exclamationCount += 1 }
        if scalar.properties.isWhitespace {
          endPunctuation(&punctuation, standsAlone: followsSpace)
          followsSpace = true
        } else {
          punctuation.append(scalar)
        }
        if isTerminator(scalar), next(index).map(isAfterSentence) ?? true {
          let isEllipsis = punctuation.suffix(2) == [".", "."] || scalar == "\u{2026}"
          endSentence(&start, isFinished: !isEllipsis || next(index) != nil)
        }
      }
    }
    endWord(&word)
    endPunctuation(&punctuation, standsAlone: followsSpace)
    endSentence(&start, isFinished: !isLastLine)
    if isLastLine, line.isEmpty, !sentences.isEmpty {
      sentences[sentences.count - 1].isFinished = false
    }
  }

  private mutating func endWord(_ word: inout String.UnicodeScalarView) {
    if !word.isEmpty { words.append(String(word)) }
    word = String.UnicodeScalarView()
  }

  private mutating func endPunctuation(_ run: inout [Unicode.Scalar], standsAlone: Bool) {
    let isOrdinary =
      run == [".", ".", "."]
      || (run.count == 1 && "-\u{2013}\u{2014}&".unicodeScalars.contains(run[0]))
    if !run.isEmpty, standsAlone || run.count >= 3, !isOrdinary { symbolRunCount += 1 }
    run.removeAll()
  }

  private mutating func endSentence(_ start: inout Int, isFinished: Bool) {
    guard start < words.count else { return }
    let last = words[words.count - 1]
    let isNumbering = words[start...].allSatisfy { $0.unicodeScalars.allSatisfy(isDigit) }
    let ends = isFinished && !isNumbering && !WordLists.dangling.contains(last)
    sentences.append(Sentence(words: start..<words.count, isFinished: ends))
    start = words.count
  }
}

/// Whether a word carries topic: three letters or more and no function word.
func isContent(_ word: String) -> Bool {
  word.utf8.count >= 3 && !WordLists.function.contains(word)
    && !word.unicodeScalars.allSatisfy(isDigit)
}

/// Whether a word could be an English one.
///
/// One to eighteen letters with a vowel (unless one letter), no letter three times in a row, at most
/// five consonants and three vowels in a row; or a number of at most six digits.
func isPlausible(_ word: String) -> Bool {
  let scalars = Array(word.unicodeScalars)
  if scalars.allSatisfy(isDigit) { return scalars.count <= 6 }
  guard scalars.count <= 18 else { return false }
  var vowelRun = 0
  var consonantRun = 0
  var hasVowel = false
  for (index, scalar) in scalars.enumerated() {
    if index >= 2, scalar == scalars[index - 1], scalar == scalars[index - 2] { return false }
    // Accented Latin letters are nearly always vowels; other scripts are no English.
    guard scalar.value < 0x250 else { return false }
    let isVowel = "aeiouy".unicodeScalars.contains(scalar) || scalar.value > 0x7F
    hasVowel = hasVowel || isVowel
    vowelRun = isVowel ? vowelRun + 1 : 0
    consonantRun = isVowel || isDigit(scalar) ? 0 : consonantRun + 1
    if vowelRun > 3 || consonantRun > 5 { return false }
  }
  return hasVowel || scalars.count == 1
}

private func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

private func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
  scalar.properties.isAlphabetic || isDigit(scalar)
}

private func isApostrophe(_ scalar: Unicode.Scalar) -> Bool {
  scalar == "'" || scalar == "\u{2019}"
}

private func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
  scalar == "\n" || scalar == "\r" || scalar == "\u{2028}" || scalar == "\u{2029}"
}

private func isTerminator(_ scalar: Unicode.Scalar) -> Bool {
  scalar == "." || scalar == "!" || scalar == "?" || scalar == "\u{2026}"
}

private func isAfterSentence(_ scalar: Unicode.Scalar) -> Bool {
  scalar.properties.isWhitespace || "\"')]*_\u{201D}\u{2019}".unicodeScalars.contains(scalar)
}

/// Drops spaces and one list marker ("-", "*", "3.", "b)") from the start of a line.
private func withoutListMarker(
  _ line: ArraySlice<Unicode.Scalar>
) -> ArraySlice<Unicode.Scalar> {
  let text = line.drop { $0.properties.isWhitespace }
  guard let first = text.first else { return text }
  if "-*+\u{2022}#>".unicodeScalars.contains(first) {
    let rest = text.drop { "-*+\u{2022}#>".unicodeScalars.contains($0) }
    return rest.first.map(\.properties.isWhitespace) ?? true ? rest.dropFirst() : text
  }
  let digits = text.prefix(while: isDigit)
  let label = digits.isEmpty ? text.prefix(1) : digits
  let rest = text.dropFirst(label.count)
  guard label.count <= 2, let mark = rest.first, mark == ")" || (mark == "." && !digits.isEmpty)
  else { return text }
  let item = rest.dropFirst()
  return item.first.map(\.properties.isWhitespace) ?? true ? item.dropFirst() : text
}

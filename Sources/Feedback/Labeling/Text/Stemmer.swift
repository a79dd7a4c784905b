/// A light English stemmer: enough to see that "chopping", "chopped" and "chops" are one word.
package enum Stemmer {
  /// Reduces a lower-case word to its stem.
  package static func stem(_ word: String) -> String {
    var letters = Array(word.utf8)
    guard letters.count > 3, letters.allSatisfy({ $0 < 0x80 }) else { return word }
    dropPlural(&letters)
    dropVerbEnding(&letters)
    if letters.count > 3, letters.hasSuffix("e") { letters.removeLast() }
    return String(decoding: letters, as: UTF8.self)
  }

  /// Tells whether two stems belong to one family: equal, or a long common beginning.
  ///
  /// The prefix must have at least five letters and be three fifths of the longer stem, which joins
  /// "resilience" with "resilient" and keeps "contain" from "continue".
  package static func related(_ left: String, _ right: String) -> Bool {
    if left == right { return true }
    var common = 0
    for (a, b) in zip(left.utf8, right.utf8) {
      if a != b { break }
      common += 1
    }
    return common >= 5 && common * 5 >= max(left.utf8.count, right.utf8.count) * 3
  }

  private static func dropPlural(_ letters: inout [UInt8]) {
    if letters.hasSuffix("ies"), letters.count > 4 {
      letters.removeLast(3)
      letters.append(UInt8(ascii: "y"))
    } else if letters.hasSuffix("sses") || letters.hasSuffix("shes") || letters.hasSuffix("ches")
      || letters.hasSuffix("xes")
    {
      letters.removeLast(2)
    } else if letters.hasSuffix("s"), !letters.hasSuffix("ss"), !letters.hasSuffix("us"),
      !letters.hasSuffix("is")
    {
      letters.removeLast()
    }
  }

  private static func dropVerbEnding(_ letters: inout [UInt8]) {
    if letters.hasSuffix("ied"), letters.count > 4 {
      letters.removeLast(3)
      letters.append(UInt8(ascii: "y"))
      return
    }
    for ending in ["ing", "ed", "ly"] where letters.hasSuffix(ending) {
      let root = letters.dropLast(ending.utf8.count)
      guard root.count >= 3, root.contains(where: isVowel) else { return }
      letters = Array(root)
      if ending != "ly" { undouble(&letters) }
      return
    }
  }

  private static func undouble(_ letters: inout [UInt8]) {
    guard letters.count > 3, let last = letters.last, !isVowel(last) else { return }
    let keptDouble: [UInt8] = [UInt8(ascii: "l"), UInt8(ascii: "s"), UInt8(ascii: "z")]
    if letters[letters.count - 2] == last, !keptDouble.contains(last) { letters.removeLast() }
  }

  private static func isVowel(_ letter: UInt8) -> Bool { "aeiouy".utf8.contains(letter) }
}

extension [UInt8] {
  fileprivate func hasSuffix(_ suffix: String) -> Bool {
    count >= suffix.utf8.count && suffixMatches(suffix)
  }

  private func suffixMatches(_ ending: String) -> Bool {
    self[(count - ending.utf8.count)...].elementsEqual(ending.utf8)
  }
}

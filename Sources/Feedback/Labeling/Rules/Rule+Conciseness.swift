internal import Foundation

extension Rule {
  /// `exp(-n/40)`, `n` the larger of words and letters/7.
  ///
  /// Falls by a fifth from one ten words to the next: 0.67 for 16 words, 0.29 for 50. The letters
  /// keep an answer from saving words by gluing them together. Whether the words say anything about
  /// what was asked is for relevance to judge: principles measure one quality each.
  static func conciseness(_ text: TextProfile) -> Double {
    let wordCount = Double(text.words.count + text.symbolRunCount)
    return exp(-max(wordCount, Double(text.letterCount) / 7) / 40)
  }
}

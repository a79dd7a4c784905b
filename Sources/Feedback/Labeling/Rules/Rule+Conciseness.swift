internal import Foundation

extension Rule {
  /// `exp(-max(n, 40 (1 - min(1, relevance/0.2)))/40)`, `n` the larger of words and letters/7.
  ///
  /// Falls by a fifth from one ten words to the next: 0.67 for 16 words, 0.29 for 50. The letters
  /// keep an answer from saving words by gluing them together. An answer that does not touch what
  /// was asked counts as forty words however short it is: a short sentence about nothing is not
  /// concise.
  static func conciseness(_ text: TextProfile, prompt: TextProfile) -> Double {
    let wordCount = Double(text.words.count + text.symbolRunCount)
    let length = max(wordCount, Double(text.letterCount) / 7)
    let touched = min(1, relevance(text, prompt: prompt) / 0.2)
    return exp(-max(length, 40 * (1 - touched)) / 40)
  }
}

internal import Foundation

extension Rule {
  /// `exp(-n/40) · (0.4 + 0.6 min(1, relevance/0.2))`, `n` the larger of words and letters/7.
  ///
  /// Falls by a fifth from one ten words to the next: 0.67 for 16 words, 0.29 for 50. The letters
  /// keep an answer from saving words by gluing them together. The second factor is 1 for nearly
  /// every real answer; it keeps a short sentence about nothing from being the most concise answer.
  static func conciseness(_ text: TextProfile, prompt: TextProfile) -> Double {
    let wordCount = Double(text.words.count + text.symbolRunCount)
    let brevity = exp(-max(wordCount, Double(text.letterCount) / 7) / 40)
    return brevity * (0.4 + 0.6 * min(1, relevance(text, prompt: prompt) / 0.2))
  }
}

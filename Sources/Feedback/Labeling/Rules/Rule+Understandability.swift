internal import Foundation

extension Rule {
  /// `finish · (0.5 s + 0.5 w)`: finished sentences, their length, and the length of the words.
  ///
  /// - `finish = 0.35 [ends as a sentence does] + 0.65 (share of words in finished sentences)`: an
  ///   answer cut at the token limit loses at least a third, one without any period everything.
  /// - `s = mean over words of exp(-ln(L/12)² / 0.72)`, `L` the length of the word's sentence: best at
  ///   twelve words, 0.70 at 20, 0.31 at 30, 0.35 at 5 and 0.07 at 3.
  /// - `w = σ((5.2 - letters per word)/0.5)`: plain words are short.
  static func understandability(_ text: TextProfile) -> Double {
    let wordCount = Double(text.words.count)
    var sentenceFit = 0.0
    for sentence in text.sentences {
      let length = Double(sentence.words.count)
      let deviation = log(length / 12)
      sentenceFit += length * exp(-deviation * deviation / 0.72)
    }
    sentenceFit /= wordCount
    let meanLetters = Double(text.letterCount) / wordCount
    let wordFit = 1 / (1 + exp((meanLetters - 5.2) / 0.5))
    let finish = 0.35 * (text.endsFinished ? 1 : 0) + 0.65 * text.finishedShare
    return finish * (0.5 * sentenceFit + 0.5 * wordFit)
  }
}

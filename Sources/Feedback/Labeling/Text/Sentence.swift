/// One sentence, or one line of a list: a range of the words of its text.
package struct Sentence: Equatable, Sendable {
  /// Positions in ``TextProfile/words``.
  package var words: Range<Int>
  /// Whether punctuation or a line break ended it.
  package var isFinished: Bool
}

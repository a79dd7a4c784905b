/// One sentence, or one line of a list: a range of the words of its text.
struct Sentence: Equatable, Sendable {
  /// Positions in ``TextProfile/words``.
  var words: Range<Int>
  /// Whether punctuation or a line break ended it.
  var isFinished: Bool
}

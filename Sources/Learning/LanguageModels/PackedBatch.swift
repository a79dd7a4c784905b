/// Sequences of tokens laid end to end, without padding.
package struct PackedBatch: Sendable, Equatable {
  /// The tokens of all sequences.
  package let tokens: [Int32]
  /// Where each sequence starts, and at the end the number of tokens: sequences + 1 numbers.
  package let offsets: [Int]

  /// Packs sequences.
  package init(_ sequences: [[Int32]]) {
    var tokens: [Int32] = []
    tokens.reserveCapacity(sequences.reduce(0) { $0 + $1.count })
    var offsets = [0]
    for sequence in sequences {
      tokens += sequence
      offsets.append(tokens.count)
    }
    self.tokens = tokens
    self.offsets = offsets
  }

  /// How many sequences there are.
  package var sequenceCount: Int { offsets.count - 1 }

  /// How many tokens there are in all.
  package var tokenCount: Int { tokens.count }

  /// The rows of one sequence.
  package func range(of sequence: Int) -> Range<Int> {
    offsets[sequence]..<offsets[sequence + 1]
  }

  /// The tokens of one sequence.
  package func tokens(of sequence: Int) -> [Int32] { Array(tokens[range(of: sequence)]) }

  /// The last row of each sequence; no sequence may be empty.
  package var lastRows: [Int] { offsets.dropFirst().map { $0 - 1 } }

  /// The rows whose next token lies in the same sequence from `starts[sequence]` on.
  ///
  /// These are the rows that predict a response which begins at token `starts[sequence]`; the
  /// targets are the tokens of the rows after them.
  package func predictingRows(starts: [Int]) -> (rows: [Int], targets: [Int32]) {
    precondition(starts.count == sequenceCount, "one start for each sequence")
    var rows: [Int] = []
    for sequence in 0..<sequenceCount {
      let range = range(of: sequence)
      let first = range.lowerBound + max(1, starts[sequence])
      if first < range.upperBound { rows += (first..<range.upperBound).map { $0 - 1 } }
    }
    return (rows, rows.map { tokens[$0 + 1] })
  }

  /// Checks that a model can read this batch.
  ///
  /// - Throws: `LanguageModelError` naming the sequence.
  package func check(for configuration: ModelConfiguration) throws(LanguageModelError) {
    for sequence in 0..<sequenceCount {
      let range = range(of: sequence)
      guard !range.isEmpty else { throw .emptySequence(sequence: sequence) }
      guard range.count <= configuration.contextLength else {
        throw .sequenceTooLong(
          sequence: sequence,
          tokenCount: range.count,
          contextLength: configuration.contextLength
        )
      }
      for token in tokens[range] where token < 0 || Int(token) >= configuration.vocabularySize {
        throw .tokenOutsideVocabulary(
          token: token,
          sequence: sequence,
          vocabularySize: configuration.vocabularySize
        )
      }
    }
  }
}

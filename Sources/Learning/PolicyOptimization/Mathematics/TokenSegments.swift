/// Where each sequence's response tokens lie in arrays that hold all of them end to end.
///
/// There is no padding anywhere, so nothing can leak from a pad into a mean.
package struct TokenSegments: Sendable, Equatable {
  /// (S+1) start of each sequence, and the total at the end; never decreasing, starts at zero.
  package let offsets: [Int]

  /// Lays sequences of these lengths end to end.
  package init(lengths: [Int]) {
    var sums = [0]
    for length in lengths {
      precondition(length >= 0, "a sequence cannot have a negative length")
      sums.append((sums.last ?? 0) + length)
    }
    offsets = sums
  }

  /// Number of sequences.
  package var count: Int { offsets.count - 1 }

  /// Number of tokens in all sequences.
  package var tokenCount: Int { offsets.last ?? 0 }

  /// The tokens of one sequence.
  package subscript(sequence: Int) -> Range<Int> { offsets[sequence]..<offsets[sequence + 1] }
}

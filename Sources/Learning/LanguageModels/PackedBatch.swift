/// Sequences of tokens laid end to end, without padding; neighbours may share their beginning.
///
/// Answers to one prompt begin with the same tokens, and a causal model's rows depend on nothing
/// behind them. A group of such sequences therefore holds the common prefix once and each
/// sequence's own rows after it, and every product runs over fewer rows.
package struct PackedBatch: Sendable, Equatable {
  /// Sequences that follow one another and share a prefix.
  package struct Group: Sendable, Equatable {
    /// The rows of the common beginning; empty where nothing is shared.
    package var prefix: Range<Int>
    /// Each sequence's own rows, behind the prefix; never empty in a checked batch.
    package var branches: [Range<Int>]

    /// All rows of the group.
    package var rows: Range<Int> { prefix.lowerBound..<(branches.last ?? prefix).upperBound }

    /// The same group with its rows counted from `row`.
    func counted(from row: Int) -> Group {
      func shift(_ range: Range<Int>) -> Range<Int> {
        range.lowerBound - row..<range.upperBound - row
      }
      return Group(prefix: shift(prefix), branches: branches.map(shift))
    }
  }

  /// The tokens of all rows.
  package let tokens: [Int32]
  /// The groups in order; their rows follow one another without gaps.
  package let groups: [Group]
  /// For each sequence its group and its place there.
  private let places: [(group: Int, branch: Int)]

  /// Packs sequences that share nothing.
  package init(_ sequences: [[Int32]]) {
    self.init(sequences, runs: sequences.indices.map { ($0..<$0 + 1, 0) })
  }

  /// Packs sequences and keeps the common beginnings of neighbours only once.
  ///
  /// - Parameters:
  ///   - sequences: the tokens; the answers to one prompt should be neighbours.
  ///   - starts: where each sequence's response begins, for batches whose `predictingRows` are
  ///     wanted: the row that predicts the response's first token then stays the sequence's own.
  ///     `nil` keeps only each sequence's last row its own.
  package init(sharingPrefixesOf sequences: [[Int32]], starts: [Int]? = nil) {
    let limits = sequences.indices.map { index in
      max(0, min(sequences[index].count, starts?[index] ?? sequences[index].count) - 1)
    }
    self.init(sequences, runs: PrefixRuns(sequences, limits: limits).runs)
  }

  private init(_ sequences: [[Int32]], runs: [(members: Range<Int>, shared: Int)]) {
    var tokens: [Int32] = []
    tokens.reserveCapacity(sequences.reduce(0) { $0 + $1.count })
    var groups: [Group] = []
    var places: [(group: Int, branch: Int)] = []
    for run in runs {
      let start = tokens.count
      tokens += sequences[run.members.lowerBound].prefix(run.shared)
      var group = Group(prefix: start..<tokens.count, branches: [])
      for member in run.members {
        let own = tokens.count
        tokens += sequences[member].dropFirst(run.shared)
        places.append((groups.count, group.branches.count))
        group.branches.append(own..<tokens.count)
      }
      groups.append(group)
    }
    self.tokens = tokens
    self.groups = groups
    self.places = places
  }

  package static func == (a: PackedBatch, b: PackedBatch) -> Bool {
    a.tokens == b.tokens && a.groups == b.groups
  }

  /// How many sequences there are.
  package var sequenceCount: Int { places.count }

  /// How many rows there are in all: shared tokens count once.
  package var tokenCount: Int { tokens.count }

  /// The rows of one sequence's beginning that it shares with its neighbours.
  package func prefix(of sequence: Int) -> Range<Int> { groups[places[sequence].group].prefix }

  /// The rows of one sequence's own: all of them where it shares nothing.
  package func range(of sequence: Int) -> Range<Int> {
    let place = places[sequence]
    return groups[place.group].branches[place.branch]
  }

  /// The tokens of one sequence, from its beginning.
  package func tokens(of sequence: Int) -> [Int32] {
    Array(tokens[prefix(of: sequence)] + tokens[range(of: sequence)])
  }

  /// The last row of each sequence; no sequence may be empty.
  package var lastRows: [Int] { groups.flatMap { $0.branches.map { $0.upperBound - 1 } } }

  /// The rows whose next token lies in the same sequence from `starts[sequence]` on.
  ///
  /// These are the rows that predict a response which begins at token `starts[sequence]`; the
  /// targets are the tokens of the rows after them. A batch that shares prefixes must have been made
  /// with the same starts.
  package func predictingRows(starts: [Int]) -> (rows: [Int], targets: [Int32]) {
    precondition(starts.count == sequenceCount, "one start for each sequence")
    var rows: [Int] = []
    for sequence in 0..<sequenceCount {
      let own = range(of: sequence)
      let shared = prefix(of: sequence).count
      let first = own.lowerBound + max(1, starts[sequence]) - shared
      precondition(first > own.lowerBound || own.isEmpty, "a predicting row is shared")
      if first < own.upperBound { rows += (first..<own.upperBound).map { $0 - 1 } }
    }
    return (rows, rows.map { tokens[$0 + 1] })
  }

  /// Checks that a model can read this batch.
  ///
  /// - Throws: `LanguageModelError` naming the sequence.
  package func check(for configuration: ModelConfiguration) throws(LanguageModelError) {
    for sequence in 0..<sequenceCount {
      let tokens = tokens(of: sequence)
      guard !tokens.isEmpty else { throw .emptySequence(sequence: sequence) }
      guard tokens.count <= configuration.contextLength else {
        throw .sequenceTooLong(
          sequence: sequence,
          tokenCount: tokens.count,
          contextLength: configuration.contextLength
        )
      }
      for token in tokens where token < 0 || Int(token) >= configuration.vocabularySize {
        throw .tokenOutsideVocabulary(
          token: token,
          sequence: sequence,
          vocabularySize: configuration.vocabularySize
        )
      }
    }
  }
}

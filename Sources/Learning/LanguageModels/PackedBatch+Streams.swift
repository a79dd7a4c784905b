package import Tensors

extension PackedBatch {
  /// The whole stream of each sequence, shared rows included.
  ///
  /// - Parameter stream: (tokens, width), of this batch.
  /// - Returns: for each sequence (its length, width).
  package func streams(_ stream: Matrix) -> [Matrix] {
    (0..<sequenceCount).map { sequence in
      let shared = prefix(of: sequence)
      let own = stream.rows(range(of: sequence))
      return shared.isEmpty ? own : .stacking([stream.rows(shared), own])
    }
  }

  /// This batch's stream out of the whole streams of its sequences.
  ///
  /// - Parameter streams: for each sequence (its length, width), equal in the rows that are shared.
  /// - Returns: (tokens, width).
  package func joining(_ streams: [Matrix]) -> Matrix {
    precondition(streams.count == sequenceCount, "one stream for each sequence")
    var parts: [Matrix] = []
    var sequence = 0
    for group in groups {
      let shared = group.prefix.count
      if shared > 0 { parts.append(streams[sequence].rows(0..<shared)) }
      for _ in group.branches {
        let whole = streams[sequence]
        parts.append(shared > 0 ? whole.rows(shared..<whole.rows) : whole)
        sequence += 1
      }
    }
    return .stacking(parts)
  }
}

internal import Tensors

/// Pairs the answers to one prompt for labelling.
package enum PairSampling {
  /// All pairs of different answers, or a random choice of them.
  ///
  /// Equal answers make no pair. Which answer of a pair comes first is drawn, so that no judge's
  /// liking for a position can pass for a preference (METHODS A(e)).
  ///
  /// - Parameters:
  ///   - answers: the answers to one prompt.
  ///   - pairCountMax: most pairs, nil for all.
  ///   - seed: the run's seed.
  ///   - prompt: the prompt's number, so that each prompt draws on its own.
  /// - Returns: pairs of indices into `answers`.
  package static func pairs<Answer: Hashable>(
    _ answers: [Answer],
    pairCountMax: Int?,
    seed: UInt64,
    prompt: Int
  ) -> [(first: Int, second: Int)] {
    var generator = SeededGenerator(
      seed: seed,
      streams: 0x7061_6972_73,
      UInt64(truncatingIfNeeded: prompt)
    )
    var seen: Set<Answer> = []
    let distinct = answers.indices.filter { seen.insert(answers[$0]).inserted }
    var pairs: [(first: Int, second: Int)] = []
    for (slot, first) in distinct.enumerated() {
      for second in distinct[(slot + 1)...] { pairs.append((first, second)) }
    }
    if let pairCountMax, pairs.count > pairCountMax {
      let kept = generator.permutation(pairs.count).prefix(max(pairCountMax, 0)).sorted()
      pairs = kept.map { pairs[$0] }
    }
    return pairs.map { pair in
      generator.below(2) == 0 ? pair : (first: pair.second, second: pair.first)
    }
  }
}

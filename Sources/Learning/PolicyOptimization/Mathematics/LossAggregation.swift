/// How the losses of a minibatch's tokens become one loss.
package enum LossAggregation: String, Sendable, Equatable, CaseIterable, Codable {
  /// Mean over all tokens: long answers weigh more (PPO; DAPO, arXiv 2503.14476; TRL's `bnpo`).
  case tokens
  /// Mean over each answer's tokens, then over answers: tokens of long answers weigh less (GRPO).
  case sequences
  /// Sum over tokens, divided by answers and the greatest length: every token weighs the same in
  /// every minibatch (Dr. GRPO, arXiv 2503.20783; RLOO).
  case constant

  /// The weight of each token's loss.
  ///
  /// - Parameters:
  ///   - sequences: the minibatch's sequences.
  ///   - segments: where the tokens of all sequences of the step lie.
  ///   - lengthMax: the greatest length that an answer may have.
  /// - Returns: (N) a weight for each token of the step; zero outside the minibatch.
  package func weights(
    _ sequences: [Int],
    in segments: TokenSegments,
    lengthMax: Int
  ) -> [Double] {
    var weights = [Double](repeating: 0, count: segments.tokenCount)
    let count = Double(max(sequences.count, 1))
    let tokenCount = Double(max(sequences.reduce(0) { $0 + segments[$1].count }, 1))
    for sequence in sequences {
      let tokens = segments[sequence]
      let weight =
        switch self {
        case .tokens: 1 / tokenCount
        case .sequences: 1 / (count * Double(max(tokens.count, 1)))
        case .constant: 1 / (count * Double(lengthMax))
        }
      for token in tokens { weights[token] = weight }
    }
    return weights
  }
}

internal import Synchronization
internal import Tensors

/// Chooses the ridge of a head by the loss on training prompts that were left out of the fit.
///
/// Principles differ: lengths show in a few directions of the hidden states and bear a loose head,
/// relevance shows in many and needs a tight one.
struct RidgeChoice {
  /// What to choose from, not empty.
  let candidates: [Double]

  /// Splits by prompt; enough to rank ridges that differ by a factor of three.
  private static let foldCount = 3
  /// Ranking needs no exact fits.
  private static let tolerance = 1e-2

  /// The candidate with the least mean loss over all folds, the first of equals.
  ///
  /// - Parameters:
  ///   - states: (texts, width).
  ///   - pairs: indices of rows, with their prompts.
  /// - Returns: one of the candidates.
  func best(states: Matrix, pairs: [HeadFit.Pair]) -> Double {
    let folds = Dictionary(grouping: Set(pairs.map(\.prompt)).sorted().enumerated()) {
      $0.offset % Self.foldCount
    }.mapValues { Set($0.map(\.element)) }
    guard candidates.count > 1, folds.count == Self.foldCount else { return candidates[0] }
    let losses = Mutex([Double](repeating: 0, count: candidates.count * Self.foldCount))
    Threads.forEach(candidates.count * Self.foldCount) { task in
      let ridge = candidates[task / Self.foldCount]
      let leftOut = folds[task % Self.foldCount] ?? []
      let head = HeadFit(ridge: ridge, tolerance: Self.tolerance)
        .weight(states: states, pairs: pairs.filter { !leftOut.contains($0.prompt) })
      let loss = Self.loss(head, states, pairs.filter { leftOut.contains($0.prompt) })
      losses.withLock { $0[task] = loss }
    }
    let sums = losses.withLock { losses in
      candidates.indices.map { candidate in
        losses[candidate * Self.foldCount..<(candidate + 1) * Self.foldCount].reduce(0, +)
      }
    }
    let best = sums.indices.min { sums[$0] < sums[$1] } ?? 0
    return candidates[best]
  }

  /// Mean cross-entropy of some pairs under a head, nats.
  private static func loss(_ head: Matrix, _ states: Matrix, _ pairs: [HeadFit.Pair]) -> Double {
    let weight = head.values
    let values = states.values
    let scores = (0..<states.rows).map { row in
      weight.indices.reduce(0.0) { sum, column in
        sum + Double(values[row * weight.count + column]) * Double(weight[column])
      }
    }
    let total = pairs.reduce(0.0) { sum, pair in
      let margin = scores[pair.first] - scores[pair.second]
      return sum + BradleyTerryLoss.softplus(margin) - pair.target * margin
    }
    return total / Double(max(pairs.count, 1))
  }
}

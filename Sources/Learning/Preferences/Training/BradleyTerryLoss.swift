internal import Foundation

/// The Bradley–Terry loss on soft labels, with its gradient (METHODS 0.2).
///
/// `L = t softplus(-(d - μ)) + (1 - t) softplus(d - μ)`, `d = r_first - r_second`; the margin `μ`
/// points to the preferred side, so a clear case must be separated further.
package struct BradleyTerryLoss: Sendable, Equatable {
  /// Largest margin in nats that enters the loss; zero switches margins off.
  ///
  /// Margins inflate the scale of the scores, so they are small (METHODS A(e)).
  package var marginMax: Double
  /// Share of each target that is moved to one half.
  package var labelSmoothing: Double

  /// Creates a loss.
  package init(marginMax: Double = 0, labelSmoothing: Double = 0) {
    self.marginMax = marginMax
    self.labelSmoothing = labelSmoothing
  }

  /// The loss of one pair and its derivative by the score difference.
  package func evaluate(
    difference: Double,
    target: Double,
    margin: Double
  ) -> (loss: Double, slope: Double) {
    let smoothed = target * (1 - labelSmoothing) + 0.5 * labelSmoothing
    let side: Double = target == 0.5 ? 0 : target > 0.5 ? 1 : -1
    let shifted = difference - side * min(margin, marginMax)
    let loss = smoothed * Self.softplus(-shifted) + (1 - smoothed) * Self.softplus(shifted)
    return (loss, Self.sigmoid(shifted) - smoothed)
  }

  /// The mean loss over pairs and its gradient by each score.
  ///
  /// - Parameters:
  ///   - scores: (texts) one score a text.
  ///   - batch: which texts each pair compares.
  ///   - dataset: targets and margins.
  /// - Returns: nats a pair, and (texts) derivatives; a text in several pairs sums them.
  package func evaluate(
    scores: [Float],
    batch: PairBatch,
    dataset: PreferenceDataset
  ) -> (loss: Double, gradient: [Float]) {
    precondition(scores.count == batch.texts.count, "one score a text")
    var total = 0.0
    var gradient = [Double](repeating: 0, count: scores.count)
    let share = 1 / Double(max(batch.pairs.count, 1))
    for (slot, index) in batch.pairs.enumerated() {
      let pair = dataset.pairs[index]
      let (first, second) = (batch.first[slot], batch.second[slot])
      let part = evaluate(
        difference: Double(scores[first]) - Double(scores[second]),
        target: pair.target,
        margin: pair.margin
      )
      total += part.loss * share
      gradient[first] += part.slope * share
      gradient[second] -= part.slope * share
    }
    return (total, gradient.map { Float($0) })
  }

  /// Logistic function without overflow.
  package static func sigmoid(_ value: Double) -> Double {
    if value >= 0 { return 1 / (1 + exp(-value)) }
    let power = exp(value)
    return power / (1 + power)
  }

  /// `log(1 + exp(v))` without overflow.
  package static func softplus(_ value: Double) -> Double {
    max(value, 0) + log1p(exp(-abs(value)))
  }
}

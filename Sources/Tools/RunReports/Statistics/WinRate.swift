/// How often one side beats the other, with a 95 % interval that knows that answers to one prompt
/// are alike.
///
/// The interval is Wilson's on the effective number of comparisons. Answers to one prompt are not
/// independent, so n comparisons in clusters tell as much as n / d independent ones, where the
/// design effect d is the variance of the mean over clusters (ratio estimator, C / (C - 1)
/// correction) divided by the variance that independent comparisons of the same spread would have.
/// d is never taken below 1. When every comparison has the same outcome d cannot be estimated and
/// each cluster counts once. We prefer this to a bootstrap because it needs no random numbers and
/// stays honest at 0 and 1, where every resample is the same.
package struct WinRate: Sendable, Equatable {
  /// Mean outcome: 1 a win, 0 a loss, one half a tie.
  package let rate: Double
  /// Lower end of the 95 % interval.
  package let low: Double
  /// Upper end of the 95 % interval.
  package let high: Double
  /// Comparisons made.
  package let comparisons: Int
  /// Independent comparisons that would tell as much.
  package let effectiveComparisons: Double

  /// The rate of outcomes, grouped by prompt; nil when there is none.
  package init?(outcomesByPrompt clusters: [[Double]]) {
    let clusters = clusters.filter { !$0.isEmpty }
    let outcomes = clusters.flatMap(\.self)
    guard let rate = Statistics.mean(outcomes) else { return nil }
    let count = Double(outcomes.count)
    let clusterCount = Double(clusters.count)
    let spread = outcomes.reduce(0) { $0 + ($1 - rate) * ($1 - rate) } / count

    let effective: Double
    if spread <= 0 || clusters.count < 2 {
      effective = clusterCount
    } else {
      let between = clusters.reduce(0) { sum, cluster in
        let residual = cluster.reduce(0, +) - rate * Double(cluster.count)
        return sum + residual * residual
      }
      let variance = between / (count * count) * clusterCount / (clusterCount - 1)
      let designEffect = max(1, variance / (spread / count))
      effective = count / designEffect
    }
    let interval = Self.wilson(rate: rate, count: effective)
    self.rate = rate
    low = interval.low
    high = interval.high
    comparisons = outcomes.count
    effectiveComparisons = effective
  }

  /// The outcome of one comparison; equal values are a tie, one half.
  package static func outcome(_ value: Double, against other: Double) -> Double {
    value > other ? 1 : (value < other ? 0 : 0.5)
  }

  /// Wilson's score interval at 95 %.
  package static func wilson(rate: Double, count: Double) -> (low: Double, high: Double) {
    let z = 1.959963984540054
    let denominator = 1 + z * z / count
    let centre = (rate + z * z / (2 * count)) / denominator
    let half =
      z * (rate * (1 - rate) / count + z * z / (4 * count * count)).squareRoot() / denominator
    return (max(0, centre - half), min(1, centre + half))
  }
}

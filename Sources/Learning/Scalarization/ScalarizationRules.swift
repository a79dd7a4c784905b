internal import Foundation

// The formulas of METHODS A(b), one sample at a time, in Double.
// v: (K) standardised scores, signs already applied; p: (K) prior, sums to one.

/// The pure rules: one sample's values in, its reward and each value's part of it out.
///
/// The parts sum to the reward. For rules that pick or average values they are the values picked,
/// divided as the mean divides them; ties go to the earlier principle. For the smooth rules (soft
/// minimum by log-sum-exp, Nash) a part is the reward times the value's share of the gradient.
package enum ScalarizationRules {
  /// Smallest value the Nash link may give before its logarithm.
  static let linkFloor = 1e-12

  /// Applies a rule.
  ///
  /// - Parameters:
  ///   - values: (K) standardised scores, or weighted ones for the linear rules; K at least one.
  ///   - prior: (K) positive weights that sum to one.
  ///   - method: the rule.
  ///   - parameters: the rule's dials.
  /// - Returns: the reward and its (K) parts.
  package static func evaluate(
    _ values: [Double],
    prior: [Double],
    method: ScalarizationMethod,
    parameters: ScalarizationParameters
  ) -> (reward: Double, parts: [Double]) {
    switch method {
    case .linear, .zeroedLinear:
      return (values.reduce(0, +), values)
    case .maxMin:
      return meanOfRanks(values, 0..<1)
    case .softMinLogSumExp:
      return softMinimum(values, prior: prior, temperature: parameters.temperature)
    case .softMinBoltzmann:
      return boltzmannMean(values, temperature: parameters.temperature)
    case .uncertaintyWeighted:
      return uncertaintyWeighted(values, varianceWeight: parameters.varianceWeight)
    case .lowerQuantile:
      // The small addend keeps 12 · (1/3) from falling below 4.
      let count = max(1, Int(parameters.quantile * Double(values.count) + 1e-9))
      return meanOfRanks(values, 0..<min(count, values.count))
    case .median:
      return meanOfRanks(values, (values.count - 1) / 2..<values.count / 2 + 1)
    case .nash:
      return nash(values, prior: prior, link: parameters.nashLink)
    }
  }

  /// Smooth minimum `m - τ log Σ p exp(-(v-m)/τ)` with `m` the smallest value.
  ///
  /// With a prior that sums to one it lies between the minimum and the minimum plus `τ log K`; with
  /// unit weights instead it lies below the minimum.
  package static func softMinimum(
    _ values: [Double],
    prior: [Double],
    temperature: Double
  ) -> (reward: Double, parts: [Double]) {
    let smallest = values.min() ?? 0
    let terms = zip(values, prior).map { $1 * exp(-($0 - smallest) / temperature) }
    let total = terms.reduce(0, +)
    let reward = smallest - temperature * log(total)
    return (reward, terms.map { reward * $0 / total })
  }

  /// Mean of the values weighted by `softmax(-v/τ)`; falls in a value once `v > reward + τ`.
  static func boltzmannMean(
    _ values: [Double],
    temperature: Double
  ) -> (reward: Double, parts: [Double]) {
    let smallest = values.min() ?? 0
    let terms = values.map { exp(-($0 - smallest) / temperature) }
    let total = terms.reduce(0, +)
    let parts = zip(values, terms).map { $0 * $1 / total }
    return (parts.reduce(0, +), parts)
  }

  /// `mean - λ variance` with the population variance; a part is `v/K - λ (v - mean) v / K`.
  static func uncertaintyWeighted(
    _ values: [Double],
    varianceWeight: Double
  ) -> (reward: Double, parts: [Double]) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let parts = values.map { ($0 - varianceWeight * ($0 - mean) * $0) / count }
    return (mean - varianceWeight * variance, parts)
  }

  /// Mean of the values at some ranks of the ascending order.
  static func meanOfRanks(
    _ values: [Double],
    _ ranks: Range<Int>
  ) -> (reward: Double, parts: [Double]) {
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    var parts = [Double](repeating: 0, count: values.count)
    for rank in ranks { parts[order[rank]] = values[order[rank]] / Double(ranks.count) }
    let total = ranks.reduce(0) { $0 + values[order[$1]] }
    return (total / Double(ranks.count), parts)
  }

  /// `exp(Σ p log g(v))`, the weighted geometric mean after the link, floored at `linkFloor`.
  static func nash(
    _ values: [Double],
    prior: [Double],
    link: NashLink
  ) -> (reward: Double, parts: [Double]) {
    var logarithm = 0.0
    var slopes: [Double] = []
    for (value, share) in zip(values, prior) {
      let linked: Double
      let derivative: Double
      switch link {
      case .sigmoid:
        linked = sigmoid(value)
        derivative = linked * sigmoid(-value)
      case .softplus:
        linked = softplus(value)
        derivative = sigmoid(value)
      }
      let floored = max(linked, linkFloor)
      logarithm += share * log(floored)
      slopes.append(share * derivative / floored)
    }
    let reward = exp(logarithm)
    let total = slopes.reduce(0, +)
    // Where the reward is flat in every value, the prior says who holds it.
    let shares = total > 0 ? slopes.map { $0 / total } : prior
    return (reward, shares.map { reward * $0 })
  }

  /// Logistic function without overflow.
  static func sigmoid(_ value: Double) -> Double {
    if value >= 0 { return 1 / (1 + exp(-value)) }
    let power = exp(value)
    return power / (1 + power)
  }

  /// `log(1 + exp(v))` without overflow.
  static func softplus(_ value: Double) -> Double {
    max(value, 0) + log1p(exp(-abs(value)))
  }
}

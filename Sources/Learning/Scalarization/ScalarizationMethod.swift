/// Names the rule that turns one sample's standardised scores into one reward (METHODS A).
package enum ScalarizationMethod: String, Sendable, Equatable, Hashable, CaseIterable, Codable {
  /// Weighted sum, the default of the paper.
  case linear
  /// The worst principle (Rawls).
  case maxMin = "maxmin"
  /// Smooth minimum by log-sum-exp with the weights as prior; monotone in every score.
  case softMinLogSumExp = "softmin_lse"
  /// Boltzmann-weighted mean, for parity with the paper's code; not monotone.
  case softMinBoltzmann = "softmin_boltzmann"
  /// Mean minus a multiple of the population variance across principles.
  case uncertaintyWeighted = "uncertainty_weighted"
  /// Mean of the smallest scores.
  case lowerQuantile = "lower_quantile"
  /// Middle score, or the mean of the two middle scores.
  case median
  /// Weighted geometric mean of the scores after a positive link.
  case nash
  /// Weighted sum with the masked principles left out.
  case zeroedLinear = "zeroed_linear"

  /// Reads a name or one of its accepted spellings.
  package init?(name: String) {
    if let method = ScalarizationMethod(rawValue: name) {
      self = method
      return
    }
    switch name {
    case "max_min", "max-min", "minimax", "worst_case": self = .maxMin
    case "softmin", "soft_max_min": self = .softMinLogSumExp
    case "softmin_boltz": self = .softMinBoltzmann
    case "uwo": self = .uncertaintyWeighted
    case "lower_q", "lower_third": self = .lowerQuantile
    case "max_median": self = .median
    case "bernoulli_nash": self = .nash
    default: return nil
    }
  }

  /// Tells whether the reward is the weighted sum of the scores.
  package var isLinear: Bool { self == .linear || self == .zeroedLinear }
}

/// The positive function that the Nash rule applies before the geometric mean.
package enum NashLink: String, Sendable, Equatable, Hashable, CaseIterable, Codable {
  /// `1 / (1 + exp(-v))`: bounded by one.
  case sigmoid
  /// `log(1 + exp(v))`: grows with the score.
  case softplus
}

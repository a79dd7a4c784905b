/// The dials of the non-linear rules; rules that do not use one ignore it.
package struct ScalarizationParameters: Sendable, Equatable, Hashable {
  /// Softness of the soft minima in standard deviations (tau, above zero).
  package var temperature: Double
  /// Weight of the variance in the uncertainty-weighted rule (lambda, at least zero).
  package var varianceWeight: Double
  /// Share of principles that the lower quantile averages (above zero, at most one).
  package var quantile: Double
  /// Link of the Nash rule.
  package var nashLink: NashLink

  /// Creates parameters; the defaults are those of METHODS A(c) and the paper's lower third.
  package init(
    temperature: Double = 1,
    varianceWeight: Double = 0.5,
    quantile: Double = 1.0 / 3.0,
    nashLink: NashLink = .sigmoid
  ) {
    self.temperature = temperature
    self.varianceWeight = varianceWeight
    self.quantile = quantile
    self.nashLink = nashLink
  }

  /// Refuses values outside their ranges.
  func check() throws(ScalarizationError) {
    guard temperature.isFinite, temperature > 0 else {
      throw .invalidParameter(name: "tau", value: temperature, rule: "a number above 0")
    }
    guard varianceWeight.isFinite, varianceWeight >= 0 else {
      throw .invalidParameter(name: "lambda", value: varianceWeight, rule: "a number of at least 0")
    }
    guard quantile > 0, quantile <= 1 else {
      throw .invalidParameter(
        name: "quantile",
        value: quantile,
        rule: "a number above 0 and at most 1"
      )
    }
  }
}

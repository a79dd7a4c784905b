/// One principle's weight and the frozen statistics that standardise its scores.
package struct PrincipleWeight: Sendable, Equatable, Hashable {
  /// The principle's id.
  package var id: String
  /// Linear weight; its sign says whether more is better, its size enters linear, soft-min and Nash.
  package var weight: Double
  /// Frozen mean of the raw scores, in score units (METHODS C7).
  package var mean: Double
  /// Frozen standard deviation of the raw scores, in score units, above zero.
  package var standardDeviation: Double

  /// Creates a weight; by default scores are taken as already standardised.
  package init(id: String, weight: Double, mean: Double = 0, standardDeviation: Double = 1) {
    self.id = id
    self.weight = weight
    self.mean = mean
    self.standardDeviation = standardDeviation
  }
}

/// When `RewardWatch` warns.
package struct RewardWatchLimits: Sendable, Equatable {
  /// Steps over which figures are averaged, and after which the beginning is known.
  package var window = 4
  /// The rewards' deviation, as a share of its first, below which they have collapsed.
  package var deviationShareMin = 0.25
  /// A principle's share of the advantage's variance above which it rules alone.
  package var principleShareMax = 0.9
  /// How many times longer or shorter than at first answers may become.
  package var lengthFactorMax = 2.5
  /// Nats by which the KL may rise more in one window than in the window before.
  package var klAccelerationMax = 4.0
  /// Share of answers that may have the highest reward, or a clipped one.
  package var ceilingShareMax = 0.5
  /// Share of answers that may repeat another one.
  package var repeatedShareMax = 0.3

  /// Creates the defaults.
  package init() {}

  /// Refuses values outside their ranges.
  func check() throws(PolicyOptimizationError) {
    let shares = [
      ("watch.deviation_share_min", deviationShareMin),
      ("watch.principle_share_max", principleShareMax),
      ("watch.ceiling_share_max", ceilingShareMax),
      ("watch.repeated_share_max", repeatedShareMax),
    ]
    for (field, value) in shares where !(value > 0 && value.isFinite) {
      throw .invalidConfiguration(field: field, value: "\(value)", rule: "a number above 0")
    }
    guard window >= 1, window <= 10_000 else {
      throw .invalidConfiguration(field: "watch.window", value: "\(window)", rule: "1 to 10000")
    }
    guard lengthFactorMax > 1, klAccelerationMax > 0 else {
      throw .invalidConfiguration(
        field: "watch.length_factor_max, watch.kl_acceleration_max",
        value: "\(lengthFactorMax), \(klAccelerationMax)",
        rule: "above 1 and above 0"
      )
    }
  }
}

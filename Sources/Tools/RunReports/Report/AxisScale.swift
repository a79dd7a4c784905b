internal import Foundation

/// A linear axis with round ticks.
struct AxisScale: Equatable {
  /// Where the axis begins and ends; both are ticks.
  let low: Double
  let high: Double
  /// Distance of two ticks: 1, 2 or 5 times a power of ten.
  let step: Double

  /// An axis that covers all values with about `tickCount` ticks.
  init(covering values: [Double], tickCount: Int, includesZero: Bool = false) {
    let finite = values.filter(\.isFinite) + (includesZero ? [0] : [])
    var low = finite.min() ?? 0
    var high = finite.max() ?? 1
    if high - low < max(abs(high), abs(low)) * 1e-9 || high == low {
      // One value only: an axis around it.
      let margin = max(abs(high) * 0.1, 0.5)
      low -= margin
      high += margin
    }
    let raw = (high - low) / Double(max(1, tickCount))
    let power = pow(10, floor(log10(raw)))
    let factor = [1.0, 2, 5, 10].first { $0 * power >= raw * 0.999 } ?? 10
    step = factor * power
    self.low = floor(low / step + 1e-9) * step
    self.high = ceil(high / step - 1e-9) * step
  }

  /// An axis given by its ends.
  init(low: Double, high: Double, step: Double) {
    self.low = low
    self.high = high
    self.step = step
  }

  /// The ticks, low to high.
  var ticks: [Double] {
    let count = Int(((high - low) / step).rounded())
    return (0...max(0, min(count, 50))).map { low + Double($0) * step }
  }

  /// Where a value stands, 0 at the low end and 1 at the high end.
  func position(_ value: Double) -> Double {
    (value - low) / (high - low)
  }
}

internal import Foundation

/// An amount of money in picodollars, so that prices of a single token add up exactly.
///
/// A dollar for a million tokens is a million picodollars for each.
package struct Money: Sendable, Hashable, Comparable {
  /// The amount.
  package var picodollars: Int64

  /// Nothing.
  package static let zero = Money(picodollars: 0)

  /// Creates an amount of picodollars.
  package init(picodollars: Int64) { self.picodollars = picodollars }

  /// Creates the nearest amount to so many dollars; nil when negative, not a number or beyond nine
  /// million.
  package init?(dollars: Double) {
    guard dollars >= 0, dollars < 9e6 else { return nil }
    picodollars = Int64((dollars * 1e12).rounded())
  }

  /// The amount in dollars.
  package var dollars: Double { Double(picodollars) / 1e12 }

  /// The amount with a dollar sign, to the millionth where there are any, rounded up.
  package var text: String {
    let micros = (picodollars + (picodollars > 0 ? 999_999 : 0)) / 1_000_000
    var digits = String(micros % 1_000_000)
    digits = String(repeating: "0", count: 6 - digits.count) + digits
    while digits.count > 2, digits.hasSuffix("0") { digits.removeLast() }
    return "$\(micros / 1_000_000).\(digits)"
  }

  /// Whether the left amount is the smaller one.
  package static func < (left: Money, right: Money) -> Bool { left.picodollars < right.picodollars }

  /// The sum; amounts beyond what can be held stay at the most there is.
  package static func + (left: Money, right: Money) -> Money {
    let (sum, isTooLarge) = left.picodollars.addingReportingOverflow(right.picodollars)
    return Money(picodollars: isTooLarge ? .max : sum)
  }

  /// The difference, not below nothing.
  package static func - (left: Money, right: Money) -> Money {
    Money(picodollars: max(0, left.picodollars - right.picodollars))
  }

  /// Adds an amount.
  package static func += (left: inout Money, right: Money) { left = left + right }

  /// Takes an amount away, down to nothing.
  package static func -= (left: inout Money, right: Money) { left = left - right }

  /// So many times the amount.
  package static func * (amount: Money, count: Int) -> Money {
    let (product, isTooLarge) = amount.picodollars.multipliedReportingOverflow(by: Int64(count))
    return Money(picodollars: isTooLarge ? .max : product)
  }
}

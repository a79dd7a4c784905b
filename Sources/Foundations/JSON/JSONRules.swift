/// What a reader of JSON allows and keeps beyond RFC 8259.
package struct JSONRules: Sendable {
  /// How numbers are read.
  package var numbers: JSONNumbers
  /// Whether an object may name a member twice; the last one is then found by name.
  package var allowsRepeatedNames: Bool

  /// Sets the rules; without arguments they are RFC 8259's, with names unique.
  package init(numbers: JSONNumbers = .finite, allowsRepeatedNames: Bool = false) {
    self.numbers = numbers
    self.allowsRepeatedNames = allowsRepeatedNames
  }
}

/// How a reader of JSON treats numbers.
package enum JSONNumbers: Sendable {
  /// As `Int` where they are whole and fit, as `Double` otherwise; what is too large is refused.
  case finite
  /// The same, and the words NaN, Infinity and -Infinity, which some writers put where JSON has no
  /// word, and numbers that are too large are read as what they mean, so that a command can refuse
  /// them by name.
  case nonFinite
  /// By their digits, so that no number loses precision.
  case asWritten
}

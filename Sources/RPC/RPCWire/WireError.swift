/// A rule of WIRE.md that the peer broke, costing it the connection (W37).
package struct WireError: Error, Equatable, CustomStringConvertible {
  /// Number of the broken rule in WIRE.md.
  package let rule: Int
  /// What was seen and what is allowed, for people.
  package let detail: String

  /// Names the broken rule and what was seen.
  package init(rule: Int, _ detail: String) {
    self.rule = rule
    self.detail = detail
  }

  /// The code that goes into GO_AWAY for this rule (W37).
  package var code: StatusCode {
    switch rule {
    case 6, 35: .resourceExhausted
    case 11: .failedPrecondition
    default: .invalidArgument
    }
  }

  /// The reason text of GO_AWAY: the rule's number first (W37).
  package var description: String { "W\(rule): \(detail)" }
}

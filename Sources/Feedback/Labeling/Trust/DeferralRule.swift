/// Which labels are too unsure to be used before a person has decided.
package struct DeferralRule: Sendable, Equatable {
  /// Least probability of the preferred response, 0.5 to 1.
  package var confidenceMin: Double
  /// Whether labels whose two orders disagree are deferred however sure they are.
  package var defersInconsistent: Bool

  /// Creates a rule.
  package init(confidenceMin: Double, defersInconsistent: Bool = false) {
    self.confidenceMin = confidenceMin
    self.defersInconsistent = defersInconsistent
  }

  /// Why a label is deferred; nil when it is not.
  func reason(to label: Label) -> String? {
    if label.confidence < confidenceMin {
      return "confidence \(hundredths(label.confidence)) is below \(hundredths(confidenceMin))"
    }
    if defersInconsistent, !label.isOrderConsistent { return "the two orders disagree" }
    return nil
  }

  private func hundredths(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}

internal import Hashing

/// One label a pair by one of many principles drawn at random: what a single preference model is
/// trained on, the baseline that several are compared with.
///
/// - Source: METHODS A(d), the single-objective baseline; Constitutional AI draws a principle a pair.
package struct Constitution: Sendable, Equatable {
  /// The principle that its labels go by.
  package static let principleID = "constitution"

  /// Decides which principle each pair gets, whatever the order and number of pairs.
  package var seed: UInt64

  /// Creates a constitution.
  package init(seed: UInt64) { self.seed = seed }

  /// The principle that a pair is judged by; nil when there is none to draw from.
  package func principle(for pairID: String, among principles: [Principle]) -> Principle? {
    guard !principles.isEmpty else { return nil }
    let digest = SHA256.digest(ofParts: ["constitution", "\(seed)", pairID])
    let number = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return principles[Int(number % UInt64(principles.count))]
  }
}

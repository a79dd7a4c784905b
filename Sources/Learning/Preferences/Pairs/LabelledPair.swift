internal import Foundation

/// One judgement on one principle: which of two answers to a prompt serves it better.
package struct LabelledPair: Sendable, Equatable {
  /// The prompt as the user wrote it, without any template.
  package let prompt: String
  /// The first answer.
  package let first: String
  /// The second answer.
  package let second: String
  /// Probability that the first answer is the better one, zero to one; one half is a tie.
  package let target: Double
  /// The judge's margin in nats, at least zero; its size says how clear the case is.
  package let margin: Double

  /// Creates a pair; without a margin it is the log-odds of the target, at most twenty.
  package init(
    prompt: String,
    first: String,
    second: String,
    target: Double,
    margin: Double? = nil
  ) {
    self.prompt = prompt
    self.first = first
    self.second = second
    self.target = target
    if let margin {
      self.margin = margin
    } else {
      let bounded = min(max(target, 1e-9), 1 - 1e-9)
      self.margin = min(abs(log(bounded / (1 - bounded))), 20)
    }
  }

  /// Whether the judge saw no difference.
  package var isTie: Bool { target == 0.5 }
}

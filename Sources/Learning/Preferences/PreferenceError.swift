/// Everything that this module refuses.
package enum PreferenceError: Error, Sendable, Equatable, CustomStringConvertible {
  /// There is no pair of two different answers.
  case noPairs
  /// A target is outside zero to one.
  case invalidTarget(pair: Int, value: Double)
  /// A margin is below zero or not finite.
  case invalidMargin(pair: Int, value: Double)
  /// After the split one side has no untied pair.
  case emptySplit(side: String)
  /// A configuration value is outside its range.
  case invalidConfiguration(field: String, value: String, rule: String)
  /// A prompt with its answer does not fit the model's context.
  case textTooLong(tokens: Int, limit: Int)
  /// All training texts got the same score, or one that is not finite.
  case degenerateScores(principle: String)
  /// A loss or gradient is not finite; training stopped.
  case nonFiniteTraining(principle: String, step: Int)
  /// An adapter was made for another model or shape.
  case incompatibleArtifact(field: String, found: String, expected: String)
  /// A stored preference model cannot be read.
  case damagedArtifact(file: String, detail: String)
  /// A principle has no preference model.
  case unknownPrinciple(String, known: [String])

  /// A sentence that names the field and says what to do.
  package var description: String {
    switch self {
    case .noPairs: "pairs: there is no pair of two different answers; label more answers"
    case .invalidTarget(let pair, let value):
      "pairs[\(pair)].target: \(value) is not a probability between 0 and 1"
    case .invalidMargin(let pair, let value):
      "pairs[\(pair)].margin: \(value) is not a finite number of at least 0"
    case .emptySplit(let side):
      "pairs: the \(side) side has no pair with a preference; label more prompts"
    case .invalidConfiguration(let field, let value, let rule):
      "\(field): \(value) is refused; it must be \(rule)"
    case .textTooLong(let tokens, let limit):
      "text: prompt and answer have \(tokens) tokens and the limit is \(limit); shorten them"
    case .degenerateScores(let principle):
      "principle '\(principle)': all training texts score alike; check its labels"
    case .nonFiniteTraining(let principle, let step):
      "principle '\(principle)': step \(step) is not finite; lower the learning rate"
    case .incompatibleArtifact(let field, let found, let expected):
      "preference model \(field): found \(found), expected \(expected); train it on this base model"
    case .damagedArtifact(let file, let detail):
      "\(file): \(detail); train or copy the preference model again"
    case .unknownPrinciple(let id, let known):
      "principle '\(id)' has no preference model; there are \(known.joined(separator: ", "))"
    }
  }
}

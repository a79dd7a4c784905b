/// Everything that this module refuses.
package enum PolicyOptimizationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A configuration value is outside its range.
  case invalidConfiguration(field: String, value: String, rule: String)
  /// There is no prompt to sample from.
  case noPrompts
  /// A prompt fills the model's context, so that nothing can be generated.
  case promptTooLong(index: Int, tokens: Int, limit: Int)
  /// The sampler gave another number of answers than asked for, or an empty one.
  case sampleShape(Int)
  /// A reward batch does not have one reward and one score row a sample.
  case rewardShape(rewards: Int, samples: Int)
  /// A reward is NaN or infinite.
  case nonFiniteReward(sample: Int, value: Double)
  /// A score is NaN or infinite.
  case nonFiniteScore(principle: String, sample: Int, value: Double)
  /// A loss or gradient is NaN or infinite; the parameters were left as they were.
  case nonFiniteUpdate(step: Int, quantity: String)
  /// A checkpoint does not fit the trainer that should continue it.
  case incompatibleCheckpoint(field: String, found: String, expected: String)
  /// The caller asked to stop; the state is that of the last whole step.
  case cancelled
  /// A checkpoint was written by another release.
  case otherCheckpointLayout(found: String, expected: Int)
  /// A checkpoint's content is not what was written.
  case damagedCheckpoint(claimed: String, computed: String)
  /// A checkpoint lacks something.
  case missingCheckpointEntry(String)

  /// A sentence that names the field and says what to do.
  package var description: String {
    switch self {
    case .invalidConfiguration(let field, let value, let rule):
      "\(field): \(value) is refused; it must be \(rule)"
    case .noPrompts: "prompts: the list is empty; give at least one"
    case .promptTooLong(let index, let tokens, let limit):
      "prompts[\(index)]: \(tokens) tokens leave no room in a context of \(limit); shorten it"
    case .sampleShape(let count):
      "answers: the sampler gave \(count), which is not what was asked for, or an empty one"
    case .rewardShape(let rewards, let samples):
      "rewards: \(rewards) rewards do not fit \(samples) samples; check the reward source"
    case .nonFiniteReward(let sample, let value):
      "rewards[\(sample)]: \(value) is not a finite number"
    case .nonFiniteScore(let principle, let sample, let value):
      "scores[\(sample)].\(principle): \(value) is not a finite number"
    case .nonFiniteUpdate(let step, let quantity):
      "step \(step): \(quantity) is not finite; lower the learning rate or inspect the rewards"
    case .incompatibleCheckpoint(let field, let found, let expected):
      "checkpoint \(field): found \(found), expected \(expected); resume with the same recipe"
    case .cancelled: "training was cancelled; the last whole step stands"
    case .otherCheckpointLayout(let found, let expected):
      "checkpoint layout \(found) is not layout \(expected) of this release; let the release that "
        + "wrote it finish the run, or train anew under another run id"
    case .damagedCheckpoint(let claimed, let computed):
      "checkpoint: its content has the hash \(computed), but it was written with \(claimed); the "
        + "file is damaged, so restore it or remove it"
    case .missingCheckpointEntry(let name): "checkpoint: entry '\(name)' is missing"
    }
  }
}

package import JSON
package import Messages
internal import ServiceKit

/// How the policy is trained.
package struct PolicySection: Sendable, Equatable, Decodable {
  /// As the contract has them; zero leaves the choice to the service.
  package var message: PolicyHyperparameters
  /// Of the rollouts; 0 means that of the answers for labelling.
  package var temperature: Double

  static let defaults = PolicySection(
    message: PolicyHyperparameters(rewardScaling: .scaleReward(true))
  )

  init(message: PolicyHyperparameters, temperature: Double = 0) {
    self.message = message
    self.temperature = temperature
  }

  private enum Keys: String, CodingKey, CaseIterable {
    case temperature
    case algorithm
    case scoreNormalization = "score_normalization"
    case advantageScaling = "advantage_scaling"
    case lossAggregation = "loss_aggregation"
    case rank
    case alpha
    case topLayers = "top_layers"
    case learningRate = "learning_rate"
    case valueLearningRate = "value_learning_rate"
    case warmupSteps = "warmup_steps"
    case steps
    case promptsPerStep = "prompts_per_step"
    case samplesPerPrompt = "samples_per_prompt"
    case epochs
    case minibatches
    case gamma
    case lambda
    case clipRange = "clip_range"
    case clipRangeHigh = "clip_range_high"
    case valueClipRange = "value_clip_range"
    case valueCoefficient = "value_coefficient"
    case entropyCoefficient = "entropy_coefficient"
    case klCoefficient = "kl_coefficient"
    case klTarget = "kl_target"
    case klHorizon = "kl_horizon"
    case rewardClip = "reward_clip"
    case scaleReward = "scale_reward"
    case missingEndPenalty = "missing_end_penalty"
    case gradientNormMax = "gradient_norm_max"
    case checkpointSteps = "checkpoint_steps"
    case checkpointMinutes = "checkpoint_minutes"
    case keepLast = "keep_last"
    case klStop = "kl_stop"
    case watch
  }

  /// Reads and checks the section.
  package init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    var message = PolicyHyperparameters()
    func choice<Value>(_ key: Keys, _ choices: NamedChoices<Value>) throws -> Value {
      let name = try values.value(key, default: "")
      guard let value = choices.value(name) else {
        throw values.refusal(key, "'\(name)' is none of \(choices.names)")
      }
      return value
    }
    message.algorithm = try choice(.algorithm, .algorithms)
    message.scoreNormalization = try choice(.scoreNormalization, .scoreNormalizations)
    message.advantageScaling = try choice(.advantageScaling, .advantageScalings)
    message.lossAggregation = try choice(.lossAggregation, .lossAggregations)
    message.rank = try values.number(.rank, default: 0, in: 0...1_024)
    message.alpha = try values.number(.alpha, default: 0, in: 0...4_096)
    message.topLayers = try values.number(.topLayers, default: 0, in: 0...1_000)
    message.learningRate = try values.number(.learningRate, default: 0, in: 0...1)
    message.valueLearningRate = try values.number(.valueLearningRate, default: 0, in: 0...1)
    message.warmupSteps = try values.number(.warmupSteps, default: 0, in: 0...1_000_000)
    message.steps = try values.number(.steps, default: 0, in: 0...1_000_000)
    message.promptsPerStep = try values.number(.promptsPerStep, default: 0, in: 0...100_000)
    message.samplesPerPrompt = try values.number(.samplesPerPrompt, default: 0, in: 0...1_024)
    message.epochs = try values.number(.epochs, default: 0, in: 0...1_000)
    message.minibatches = try values.number(.minibatches, default: 0, in: 0...10_000)
    message.gamma = try values.number(.gamma, default: 0, in: 0...1)
    message.lambda = try values.number(.lambda, default: 0, in: 0...1)
    message.clipRange = try values.number(.clipRange, default: 0, in: 0...10)
    message.clipRangeHigh = try values.number(.clipRangeHigh, default: 0, in: 0...10)
    message.valueClipRange = try values.number(.valueClipRange, default: 0, in: 0...1_000)
    message.valueCoefficient = try values.number(.valueCoefficient, default: 0, in: 0...1_000)
    message.entropyCoefficient = try values.number(.entropyCoefficient, default: 0, in: 0...1_000)
    message.klCoefficient = try values.number(.klCoefficient, default: 0, in: 0...1_000)
    message.klTarget = try values.number(.klTarget, default: 0, in: 0...1_000)
    message.klHorizon = try values.number(.klHorizon, default: 0, in: 0...1_000_000_000)
    message.rewardClip = try values.number(.rewardClip, default: 0, in: 0...1_000_000)
    message.rewardScaling = .scaleReward(try values.value(.scaleReward, default: true))
    message.missingEndPenalty = try values.number(.missingEndPenalty, default: 0, in: 0...1_000)
    message.gradientNormMax = try values.number(.gradientNormMax, default: 0, in: 0...1_000_000)
    message.checkpointSteps = try values.number(.checkpointSteps, default: 0, in: 0...1_000_000)
    message.checkpointMinutes = try values.number(.checkpointMinutes, default: 0, in: 0...1_000_000)
    message.keepLast = try values.number(.keepLast, default: 0, in: 0...10_000)
    message.klStop = try values.number(.klStop, default: 0, in: 0...1_000_000)
    message.watch = try values.value(.watch, default: WatchSection()).message
    self.message = message
    temperature = try values.number(.temperature, default: 0, in: 0...10)
  }

  /// The settings by their names in a recipe.
  package var json: JSONValue {
    guard case .object(let members) = Self.json(of: message) else { return .object([]) }
    return .object([JSONMember("temperature", .number(temperature))] + members)
  }

  /// Settings that a service reported, by their names in a recipe.
  package static func json(of message: PolicyHyperparameters) -> JSONValue {
    var scalesReward = JSONValue.null
    if case .scaleReward(let scales)? = message.rewardScaling { scalesReward = .bool(scales) }
    return [
      "algorithm": .string(NamedChoices.algorithms.name(message.algorithm)),
      "score_normalization": .string(
        NamedChoices.scoreNormalizations.name(message.scoreNormalization)
      ),
      "advantage_scaling": .string(NamedChoices.advantageScalings.name(message.advantageScaling)),
      "loss_aggregation": .string(NamedChoices.lossAggregations.name(message.lossAggregation)),
      "rank": .integer(Int(message.rank)),
      "alpha": .number(message.alpha),
      "top_layers": .integer(Int(message.topLayers)),
      "learning_rate": .number(message.learningRate),
      "value_learning_rate": .number(message.valueLearningRate),
      "warmup_steps": .integer(Int(message.warmupSteps)),
      "steps": .integer(Int(message.steps)),
      "prompts_per_step": .integer(Int(message.promptsPerStep)),
      "samples_per_prompt": .integer(Int(message.samplesPerPrompt)),
      "epochs": .integer(Int(message.epochs)),
      "minibatches": .integer(Int(message.minibatches)),
      "gamma": .number(message.gamma),
      "lambda": .number(message.lambda),
      "clip_range": .number(message.clipRange),
      "clip_range_high": .number(message.clipRangeHigh),
      "value_clip_range": .number(message.valueClipRange),
      "value_coefficient": .number(message.valueCoefficient),
      "entropy_coefficient": .number(message.entropyCoefficient),
      "kl_coefficient": .number(message.klCoefficient),
      "kl_target": .number(message.klTarget),
      "kl_horizon": .number(message.klHorizon),
      "reward_clip": .number(message.rewardClip),
      "scale_reward": scalesReward,
      "missing_end_penalty": .number(message.missingEndPenalty),
      "gradient_norm_max": .number(message.gradientNormMax),
      "checkpoint_steps": .integer(Int(message.checkpointSteps)),
      "checkpoint_minutes": .number(message.checkpointMinutes),
      "keep_last": .integer(Int(message.keepLast)),
      "kl_stop": .number(message.klStop),
      "watch": WatchSection(message: message.watch ?? RewardWatch()).json,
    ]
  }
}

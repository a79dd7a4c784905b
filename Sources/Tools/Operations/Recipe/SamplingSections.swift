package import Messages
internal import ServiceKit

/// How answers are sampled for labelling and in rollouts.
package struct SamplingSection: Sendable, Equatable, Decodable {
  /// Answers to each prompt, of which pairs are made.
  package var samplesPerPrompt: Int
  /// Most pairs of a prompt; 0 means all combinations.
  package var pairsPerPromptMax: Int
  /// Instructions that some of the answers for labelling are sampled with, in turn.
  package var hints: [String]
  /// How one answer is sampled.
  package var options: AnswerOptions

  private enum Keys: String, CodingKey, CaseIterable {
    case samplesPerPrompt = "samples_per_prompt"
    case pairsPerPromptMax = "pairs_per_prompt_max"
    case hints
  }

  static let defaults = SamplingSection(
    samplesPerPrompt: 4,
    pairsPerPromptMax: 0,
    hints: [],
    options: .defaults
  )

  init(samplesPerPrompt: Int, pairsPerPromptMax: Int, hints: [String], options: AnswerOptions) {
    self.samplesPerPrompt = samplesPerPrompt
    self.pairsPerPromptMax = pairsPerPromptMax
    self.hints = hints
    self.options = options
  }

  /// Reads and checks the section.
  package init(from decoder: any Decoder) throws {
    let values = try SectionValues(
      decoder,
      keys: Keys.self,
      alsoKnown: AnswerOptions.keyNames
    )
    samplesPerPrompt = try values.number(.samplesPerPrompt, default: 4, in: 2...64)
    pairsPerPromptMax = try values.number(.pairsPerPromptMax, default: 0, in: 0...2016)
    hints = try values.value(.hints, default: [])
    guard samplesPerPrompt.isMultiple(of: hints.count + 1) else {
      throw values.refusal(
        .samplesPerPrompt,
        "must be a multiple of the number of hints plus one, \(hints.count + 1)"
      )
    }
    options = try AnswerOptions(
      from: decoder,
      fallback: .defaults,
      besides: Keys.allCases.map(\.rawValue)
    )
  }
}

/// How the policy is compared with the base model.
package struct EvaluationSection: Sendable, Equatable, Decodable {
  /// Answers of each side to each held-out prompt.
  package var samplesPerPrompt: Int
  /// How one answer is sampled.
  package var options: AnswerOptions

  private enum Keys: String, CodingKey, CaseIterable {
    case samplesPerPrompt = "samples_per_prompt"
  }

  static let defaults = EvaluationSection(samplesPerPrompt: 3, options: .defaults)

  init(samplesPerPrompt: Int, options: AnswerOptions) {
    self.samplesPerPrompt = samplesPerPrompt
    self.options = options
  }

  /// Reads and checks the section.
  package init(from decoder: any Decoder) throws {
    let values = try SectionValues(
      decoder,
      keys: Keys.self,
      alsoKnown: AnswerOptions.keyNames
    )
    samplesPerPrompt = try values.number(.samplesPerPrompt, default: 3, in: 1...64)
    options = try AnswerOptions(
      from: decoder,
      fallback: .defaults,
      besides: Keys.allCases.map(\.rawValue)
    )
  }
}

/// How one answer is sampled.
package struct AnswerOptions: Sendable, Equatable {
  /// Divides the logits; above 0.
  package var temperature: Double
  /// 0 means no limit.
  package var topK: Int
  /// Samples among the most likely tokens of this total probability.
  package var topP: Double
  /// Most tokens of an answer.
  package var tokensMax: Int
  /// Texts that end an answer.
  package var stop: [String]

  private enum Keys: String, CodingKey, CaseIterable {
    case temperature
    case topK = "top_k"
    case topP = "top_p"
    case tokensMax = "tokens_max"
    case stop
  }

  static let keyNames = Keys.allCases.map(\.rawValue)
  static let defaults = AnswerOptions(temperature: 1, topK: 0, topP: 1, tokensMax: 48, stop: [])

  init(temperature: Double, topK: Int, topP: Double, tokensMax: Int, stop: [String]) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.tokensMax = tokensMax
    self.stop = stop
  }

  init(from decoder: any Decoder, fallback: AnswerOptions, besides: [String]) throws {
    let values = try SectionValues(decoder, keys: Keys.self, alsoKnown: besides)
    temperature = try values.number(.temperature, default: fallback.temperature, in: 0.01...10)
    topK = try values.number(.topK, default: fallback.topK, in: 0...1_000_000)
    topP = try values.number(.topP, default: fallback.topP, in: 0.01...1)
    tokensMax = try values.number(.tokensMax, default: fallback.tokensMax, in: 1...4096)
    stop = try values.value(.stop, default: fallback.stop)
  }

  /// The options as the contract has them.
  package var message: SamplingOptions {
    SamplingOptions(
      temperature: temperature,
      topK: UInt32(clamping: topK),
      topP: topP,
      tokensMax: UInt32(clamping: tokensMax),
      stop: stop
    )
  }
}

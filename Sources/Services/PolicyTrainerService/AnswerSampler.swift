internal import Foundation
internal import LanguageModels
internal import Messages
internal import ModelKit
internal import ServiceKit
internal import Tokenization

/// One answer as text.
struct SampledText: Sendable {
  let promptIndex: Int
  let sampleIndex: Int
  let text: String
  let tokenCount: Int
  /// "end", "stop" or "length".
  let finishReason: String
  let sumLogProbability: Double
}

/// Checks what callers ask to be sampled and samples it.
struct AnswerSampler: Sendable {
  let base: BaseModel
  /// Most answers drawn at one time.
  let answersPerBatch: Int
  /// Longest answer that may be asked for, and what is drawn when nothing is asked.
  let answerTokensMax: Int
  static let answerTokensDefault = 128
  /// Prompts that are sampled before their answers are handed on.
  static let promptsPerRound = 64

  /// How answers are drawn, checked.
  struct Plan: Sendable {
    let options: LanguageModels.SamplingOptions
    let stops: [String]
    let prompts: [[Int32]]
    let samplesPerPrompt: Int
    let seed: UInt64
  }

  /// Checks a request.
  func plan(
    _ prompts: [Prompt],
    samplesPerPrompt: Int,
    sampling: Messages.SamplingOptions?,
    seed: UInt64
  ) throws -> Plan {
    let sampling = sampling ?? Messages.SamplingOptions()
    _ = try MessageChecks.inRange(samplesPerPrompt, 1...4096, "samples_per_prompt")
    let length = Int(sampling.tokensMax)
    _ = try MessageChecks.inRange(length, 0...answerTokensMax, "sampling.tokens_max")
    let options = LanguageModels.SamplingOptions(
      temperature: sampling.temperature == 0
        ? 1
        : try MessageChecks.inRange(sampling.temperature, 0.001...100, "sampling.temperature"),
      topK: try MessageChecks.inRange(Int(sampling.topK), 0...10_000_000, "sampling.top_k"),
      topP: sampling.topP == 0
        ? 1 : try MessageChecks.inRange(sampling.topP, 1e-6...1, "sampling.top_p"),
      maxNewTokens: length == 0 ? min(Self.answerTokensDefault, answerTokensMax) : length,
      stopTokenIDs: Set(base.tokenizer.eosTokenIDs)
    )
    guard sampling.stop.count <= 16, sampling.stop.allSatisfy({ !$0.isEmpty }) else {
      throw MessageChecks.refusal("sampling.stop: give at most 16 texts, none of them empty")
    }
    let limit = base.model.configuration.contextLength
    return Plan(
      options: options,
      stops: sampling.stop,
      prompts: try prompts.map { prompt in
        let tokens = try base.promptTokens(prompt.text)
        guard tokens.count + options.maxNewTokens <= limit else {
          throw MessageChecks.refusal(
            "prompt '\(prompt.id)': \(tokens.count) tokens and \(options.maxNewTokens) new ones "
              + "do not fit a context of \(limit)"
          )
        }
        return tokens
      },
      samplesPerPrompt: samplesPerPrompt,
      seed: seed
    )
  }

  /// Samples the answers of some prompts of a plan; blocks the calling thread.
  ///
  /// A round is a range of prompts; each round draws its own random numbers.
  func sample(
    _ plan: Plan,
    round: Range<Int>,
    generator: Generator,
    progress: (GenerationProgress) -> Void
  ) throws -> [SampledText] {
    let completions = try generator.generate(
      prompts: Array(plan.prompts[round]),
      samplesPerPrompt: plan.samplesPerPrompt,
      options: plan.options,
      seed: plan.seed &+ UInt64(round.lowerBound) &* 0x9E37_79B9_7F4A_7C15,
      isStopped: plan.stops.isEmpty ? nil : { isStopped($0, plan.stops) },
      isCancelled: { Task.isCancelled },
      progress: progress
    )
    return completions.map { completion in
      SampledText(
        promptIndex: round.lowerBound + completion.promptIndex,
        sampleIndex: completion.sampleIndex,
        text: text(of: completion, plan.stops),
        tokenCount: completion.tokens.count,
        finishReason: reason(completion.finishReason),
        sumLogProbability: completion.logProbabilities.reduce(0) { $0 + Double($1) }
      )
    }
  }

  /// Whether the end of an answer holds a stop text; only as many tokens as that may take are read.
  private func isStopped(_ tokens: [Int32], _ stops: [String]) -> Bool {
    let longest = stops.map(\.utf8.count).max() ?? 0
    let tail = base.tokenizer.decode(tokens.suffix(longest + 4), skipSpecial: true)
    return stops.contains { tail.contains($0) }
  }

  private func text(of completion: Completion, _ stops: [String]) -> String {
    let text = base.tokenizer.decode(completion.tokens, skipSpecial: true)
    let cuts = stops.compactMap { text.range(of: $0)?.lowerBound }
    return cuts.min().map { String(text[..<$0]) } ?? text
  }

  private func reason(_ reason: FinishReason) -> String {
    switch reason {
    case .stopToken: "end"
    case .stopText: "stop"
    default: "length"
    }
  }
}

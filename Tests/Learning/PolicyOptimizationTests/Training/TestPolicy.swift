import Foundation
import LanguageModels
import PolicyOptimization
import Synchronization
import Tensors

/// Samples by running the whole model again for each token: slow, and plainly right.
struct NaiveSampler: PolicySampler {
  let model: LanguageModel

  func sample(
    _ request: PolicySamplingRequest,
    isCancelled: @escaping @Sendable () -> Bool,
    progress: @escaping @Sendable (Int) -> Void
  ) throws -> [PolicyCompletion] {
    var generator = SeededGenerator(seed: request.seed)
    var completions: [PolicyCompletion] = []
    for prompt in request.prompts {
      for _ in 0..<request.samplesPerPrompt {
        completions.append(complete(prompt, request, &generator))
      }
    }
    return completions
  }

  private func complete(
    _ prompt: [Int32],
    _ request: PolicySamplingRequest,
    _ generator: inout SeededGenerator
  ) -> PolicyCompletion {
    var tokens: [Int32] = []
    var logProbabilities: [Float] = []
    while tokens.count < request.newTokenCountMax {
      let batch = PackedBatch([prompt + tokens])
      let hidden = model.hiddenStates(batch, adapter: request.adapter, rows: batch.lastRows)
      let vocabulary = Int32(model.configuration.vocabularySize)
      let rows = Matrix.stacking(Array(repeating: hidden, count: Int(vocabulary)))
      let all = model.logProbabilities(
        rows,
        targets: Array(0..<vocabulary),
        temperature: request.temperature
      ).values
      var draw = generator.uniform()
      var chosen = vocabulary - 1
      for token in 0..<vocabulary {
        draw -= exp(Double(all[Int(token)]))
        if draw < 0 {
          chosen = token
          break
        }
      }
      tokens.append(chosen)
      logProbabilities.append(all[Int(chosen)])
      if request.stopTokens.contains(chosen) {
        return PolicyCompletion(
          tokens: tokens,
          logProbabilities: logProbabilities,
          isFinished: true
        )
      }
    }
    return PolicyCompletion(tokens: tokens, logProbabilities: logProbabilities, isFinished: false)
  }
}

/// Rewards the share of even tokens and, as a second principle, brevity.
struct EvenTokens: RewardSource {
  var version = "1"
  var factor = 1.0

  func reward(_ samples: [RewardSample]) async throws -> RewardBatch {
    let scores = samples.map { sample in
      let even = sample.responseTokens.count { $0 % 2 == 0 }
      return Double(even) / Double(sample.responseTokens.count)
    }
    let lengths = samples.map { -Double($0.responseTokens.count) }
    return RewardBatch(
      principles: ["even", "brief"],
      scores: zip(scores, lengths).flatMap { [$0, $1] },
      rewards: scores.map { $0 * factor },
      contributions: scores.flatMap { [$0 * factor, 0] },
      configurationVersion: version
    )
  }
}

/// Fails, or gives numbers that must be refused.
struct BrokenRewards: RewardSource {
  struct Unreachable: Error {}
  var reward: Double?

  func reward(_ samples: [RewardSample]) async throws -> RewardBatch {
    guard let reward else { throw Unreachable() }
    return RewardBatch(
      principles: ["p"],
      scores: samples.map { _ in 0 },
      rewards: samples.map { _ in reward },
      contributions: samples.map { _ in 0 },
      configurationVersion: "1"
    )
  }
}

enum TestPolicy {
  static let model = LanguageModel(configuration: .tiny, seed: 7)

  static func configuration() -> PPOConfiguration {
    var configuration = PPOConfiguration()
    configuration.adapter = AdapterConfiguration(rank: 4, alpha: 8, topLayers: 2)
    configuration.promptCountPerStep = 8
    configuration.samplesPerPrompt = 2
    configuration.stepCount = 30
    configuration.newTokenCountMax = 5
    configuration.learningRate = 0.01
    configuration.seed = 9
    return configuration
  }

  static func trainer(
    _ configuration: PPOConfiguration,
    promptCount: Int = 12
  ) throws -> PPOTrainer {
    let prompts = (0..<promptCount).map { index in
      PolicyPrompt(text: "p\(index)", tokens: [1, Int32(2 + index % 7), Int32(10 + index)])
    }
    return try PPOTrainer(
      model: model,
      sampler: NaiveSampler(model: model),
      prompts: prompts,
      configuration: configuration,
      stopTokens: [0],
      decode: { tokens in tokens.map { "\($0)" }.joined(separator: " ") }
    )
  }

  static let surroundings = PPOCheckpoint.Surroundings(baseModel: "tiny")

  static let stillClock: @Sendable () -> Duration = { .zero }
}

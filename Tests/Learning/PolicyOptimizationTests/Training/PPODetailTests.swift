import Foundation
import LanguageModels
import PolicyOptimization
import Tensors
import Testing

/// Published details of PPO (PEERS 4) that no other suite is about.
@Suite struct PPODetailTests {
  private func run(
    _ configuration: PPOConfiguration,
    steps: Int
  ) async throws -> (trainer: PPOTrainer, reports: [PPOStepReport]) {
    var trainer = try TestPolicy.trainer(configuration)
    var reports: [PPOStepReport] = []
    for _ in 0..<steps {
      reports.append(try await trainer.step(EvenTokens(), now: TestPolicy.stillClock))
    }
    return (trainer, reports)
  }

  /// One update a step, without warm-up.
  private static func plain() -> PPOConfiguration {
    var configuration = TestPolicy.configuration()
    configuration.epochCount = 1
    configuration.minibatchCount = 1
    configuration.warmupShare = 0
    return configuration
  }

  // Item 18.
  @Test func `a low temperature samples the most likely tokens for evaluation`() throws {
    let model = TestPolicy.model
    let prompt: [Int32] = [1, 2, 10]
    let answers = try GeneratorSampler(model: model).sample(
      PolicySamplingRequest(
        prompts: [prompt],
        samplesPerPrompt: 8,
        adapter: nil,
        temperature: 0.01,
        newTokenCountMax: 4,
        stopTokens: [],
        seed: 1
      ),
      isCancelled: { false },
      progress: { _ in }
    )
    let vocabulary = Int32(model.configuration.vocabularySize)
    for answer in answers {
      for place in answer.tokens.indices {
        let batch = PackedBatch([prompt + answer.tokens[..<place]])
        let hidden = model.hiddenStates(batch, adapter: nil, rows: batch.lastRows)
        let all = model.logProbabilities(
          .stacking(Array(repeating: hidden, count: Int(vocabulary))),
          targets: Array(0..<vocabulary)
        ).values
        // A tenth of a nat at temperature 1 is ten nats at 0.01.
        let best = try #require(all.max())
        #expect(best - all[Int(answer.tokens[place])] < 0.1)
      }
    }
  }

  // Item 36.
  @Test func `the entropy bonus is off unless asked for, logged, and raises the entropy`()
    async throws
  {
    #expect(PPOConfiguration().entropyCoefficient == 0)
    var configuration = TestPolicy.configuration()
    configuration.klCoefficient = 0
    let without = try await run(configuration, steps: 12).reports
    configuration.entropyCoefficient = 0.5
    let with = try await run(configuration, steps: 12).reports
    let most = log(Double(TestPolicy.model.configuration.vocabularySize))
    for report in without + with {
      #expect(report[.policyEntropy] > 0 && report[.policyEntropy] <= most + 1e-4)
    }
    #expect(with[11][.policyEntropy] > without[11][.policyEntropy])
  }

  // Item 41. TensorFlow's Adam would divide by 1e-5 + sqrt(0.05) * 1e-5 instead of 2e-5.
  @Test func `Adam adds an epsilon of 1e-5 to the corrected root`() throws {
    let constants = PPOConfiguration().optimiser
    #expect(constants.epsilon == 1e-5 && constants.weightDecay == 0)
    var parameters = ParameterSet()
    parameters.set("w", Matrix(rows: 1, columns: 2, values: [1, 1]))
    var gradients = parameters.zeros()
    gradients.set("w", Matrix(rows: 1, columns: 2, values: [1e-5, -1]))
    var optimiser = AdamW(parameters, configuration: constants)
    optimiser.update(&parameters, gradients: gradients, learningRate: 0.5)
    let moved = try #require(parameters["w"]).values
    #expect(abs(moved[0] - 0.75) < 1e-4)
    #expect(abs(moved[1] - 1.5) < 1e-4)
    let trainer = try TestPolicy.trainer(TestPolicy.configuration())
    #expect(trainer.state.policyOptimiser.configuration == constants)
    #expect(trainer.state.valueOptimiser.configuration == constants)
  }

  // Item 42.
  @Test func `the learning rate falls in a straight line over the run`() async throws {
    var configuration = Self.plain()
    configuration.stepCount = 5
    configuration.learningRate = 0.02
    #expect(PPOConfiguration().learningRateShape == .linear)
    let rates = try await run(configuration, steps: 5).reports.map { $0[.learningRate] }
    for (step, rate) in rates.enumerated() {
      #expect(abs(rate - 0.02 * (1 - 0.9 * Double(step) / 5)) < 1e-9, "step \(step)")
    }
  }

  // Item 21.
  @Test func `a reward head starts with normal weights of one over the root of its width`() {
    let head = ScalarHead(width: 8191, seed: 2)
    let weights = Moments(head.parameters.matrices[0].values)
    #expect(abs(weights.standardDeviation * Double(8192).squareRoot() - 1) < 0.05)
    #expect(abs(weights.mean) < 4.0 / 8192)
    #expect(head.parameters.matrices[1].values == [0])
  }

  // Item 43.
  @Test func `gradients of policy and value head are clipped, each to the norm`() async throws {
    #expect(PPOConfiguration().gradientNormMax == 1)
    var configuration = Self.plain()
    configuration.gradientNormMax = 1e-4
    let (trainer, reports) = try await run(configuration, steps: 1)
    #expect(reports[0][.policyGradientNorm] > 1e-3 && reports[0][.valueGradientNorm] > 1e-3)
    // After one update the first moments are a tenth of the gradient that was used.
    for optimiser in [trainer.state.policyOptimiser, trainer.state.valueOptimiser] {
      let squares = optimiser.firstMoments.matrices.flatMap(\.values).reduce(0.0) {
        $0 + Double($1) * Double($1)
      }
      #expect(abs(squares.squareRoot() - 1e-5) < 1e-8)
    }
  }

  // Item 46: single precision would lose these sums in rounding.
  @Test func `rewards, returns and advantages are added up in double precision`() {
    let many = (0..<1_000_000).map { Float(10_000 + $0 % 2) }
    let moments = Moments(many)
    #expect(abs(moments.mean - 10_000.5) < 1e-6)
    #expect(abs(moments.standardDeviation - 0.5) < 1e-6)
    let whitened = Whitening.whiten(many)
    #expect(abs(whitened[0] + 1) < 1e-5 && abs(whitened[1] - 1) < 1e-5)
    let count = 200_000
    let returns = AdvantageEstimation(discount: 1, trace: 1).estimate(
      rewards: [Float](repeating: 0.1, count: count),
      values: [Float](repeating: 0, count: count),
      segments: TokenSegments(lengths: [count])
    ).returns
    #expect(abs(Double(returns[0]) - Double(Float(0.1)) * Double(count)) < 0.01)
  }
}

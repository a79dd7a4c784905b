import LanguageModels
import PolicyOptimization
import Testing

/// RLOO and GRPO on the machinery of PPO.
@Suite struct CriticFreeTests {
  private static let algorithms = [PolicyAlgorithm.rloo, .grpo]

  private func run(
    _ configuration: PPOConfiguration,
    steps: Int,
    _ source: any RewardSource = EvenTokens()
  ) async throws -> (trainer: PPOTrainer, reports: [PPOStepReport]) {
    var trainer = try TestPolicy.trainer(configuration)
    var reports: [PPOStepReport] = []
    for _ in 0..<steps {
      reports.append(try await trainer.step(source, now: TestPolicy.stillClock))
    }
    return (trainer, reports)
  }

  private static func configuration(_ algorithm: PolicyAlgorithm) -> PPOConfiguration {
    var configuration = TestPolicy.configuration()
    configuration.algorithm = algorithm
    configuration.promptCountPerStep = 4
    configuration.samplesPerPrompt = 4
    return configuration
  }

  @Test(arguments: algorithms)
  func `thirty steps raise the reward and leave the value head alone`(
    algorithm: PolicyAlgorithm
  ) async throws {
    let configuration = Self.configuration(algorithm)
    let start = try TestPolicy.trainer(configuration).state
    let (trainer, reports) = try await run(configuration, steps: 30)
    let early = reports.prefix(5).map { $0[.scores] }.reduce(0, +) / 5
    let late = reports.suffix(5).map { $0[.scores] }.reduce(0, +) / 5
    #expect(late > early + 0.15, "from \(early) to \(late)")
    #expect(reports[29][.kl] > 0.1)
    #expect(trainer.state.valueHead == start.valueHead)
    #expect(trainer.state.valueOptimiser == start.valueOptimiser)
    #expect(reports.allSatisfy { $0[.valueLoss] == 0 && $0[.firstRatioDeviation] < 1e-5 })
  }

  @Test func `the KL penalty is in the reward of RLOO and in the loss of GRPO`() async throws {
    for algorithm in Self.algorithms {
      var configuration = Self.configuration(algorithm)
      let free = try await run(configuration, steps: 15).reports
      configuration.klCoefficient = 2
      let held = try await run(configuration, steps: 15).reports
      #expect(held[14][.kl] < 0.7 * free[14][.kl], "\(algorithm)")
      #expect((held[14][.nonScoreReward] == 0) == (algorithm == .grpo))
    }
  }

  @Test(arguments: algorithms)
  func `a restored run goes on bit for bit`(algorithm: PolicyAlgorithm) async throws {
    let configuration = Self.configuration(algorithm)
    var (whole, _) = try await run(configuration, steps: 2)
    let checkpoint = whole.checkpoint(TestPolicy.surroundings)
    let expected = try await whole.step(EvenTokens(), now: TestPolicy.stillClock)
    var resumed = try TestPolicy.trainer(configuration)
    try resumed.restore(checkpoint, baseModel: "tiny")
    #expect(try await resumed.step(EvenTokens(), now: TestPolicy.stillClock) == expected)
    #expect(resumed.state == whole.state)
    var other = try TestPolicy.trainer(Self.configuration(.ppo))
    #expect(throws: PolicyOptimizationError.self) {
      try other.restore(checkpoint, baseModel: "tiny")
    }
  }

  @Test(arguments: LossAggregation.allCases)
  func `every aggregation of the loss trains`(aggregation: LossAggregation) async throws {
    var configuration = Self.configuration(.grpo)
    configuration.lossAggregation = aggregation
    configuration.advantageScaling = GroupAdvantages.Scaling.none
    configuration.policyLoss.clipRangeHigh = 0.28
    let reports = try await run(configuration, steps: 3).reports
    #expect(reports.allSatisfy { $0[.policyGradientNorm] > 0 && $0[.policyLoss].isFinite })
  }

  @Test func `one answer a prompt has nothing to be compared with`() throws {
    for algorithm in Self.algorithms {
      var configuration = Self.configuration(algorithm)
      configuration.samplesPerPrompt = 1
      #expect(throws: PolicyOptimizationError.self) { try TestPolicy.trainer(configuration) }
    }
    var configuration = Self.configuration(.ppo)
    configuration.samplesPerPrompt = 1
    configuration.scoreNormalization = .group
    #expect(throws: PolicyOptimizationError.self) { try TestPolicy.trainer(configuration) }
  }
}

import Foundation
import LanguageModels
import PolicyOptimization
import Synchronization
import Testing

@Suite struct PPOTrainerTests {
  private func run(
    _ trainer: inout PPOTrainer,
    steps: Int,
    _ source: any RewardSource = EvenTokens()
  ) async throws -> [PPOStepReport] {
    var reports: [PPOStepReport] = []
    for _ in 0..<steps {
      reports.append(try await trainer.step(source, now: TestPolicy.stillClock))
    }
    return reports
  }

  @Test func `thirty steps raise the reward and pay for it in divergence`() async throws {
    var trainer = try TestPolicy.trainer(TestPolicy.configuration())
    let reports = try await run(&trainer, steps: 30)
    let early = reports.prefix(5).map { $0[.scores] }.reduce(0, +) / 5
    let late = reports.suffix(5).map { $0[.scores] }.reduce(0, +) / 5
    #expect(late > early + 0.15, "from \(early) to \(late)")
    #expect(abs(reports[0][.kl]) < 1e-4 && reports[29][.kl] > 0.1)
    #expect(trainer.isFinished)
  }

  @Test func `a step reports every metric of the catalog as a finite number`() async throws {
    var trainer = try TestPolicy.trainer(TestPolicy.configuration())
    let report = try await run(&trainer, steps: 1)[0]
    for metric in PPOMetric.allCases {
      #expect(report.values[metric]?.isFinite == true, "\(metric.rawValue)")
    }
    let flat = report.flattened()
    #expect(Set(flat.map(\.name)).count == flat.count)
    #expect(flat.contains { $0.name == "rewards/even/mean" })
    #expect(report.answers.count == 16 && report.answers[0].scores.count == 2)
    #expect(report[.episode] == 16 && report[.updateCount] == 4)
  }

  // PEERS 4 items 12 and 13.
  @Test func `before the first update all ratios are one and the policy is the reference`()
    async throws
  {
    var trainer = try TestPolicy.trainer(TestPolicy.configuration())
    let reports = try await run(&trainer, steps: 3)
    for report in reports { #expect(report[.firstRatioDeviation] < 1e-5) }
    #expect(abs(reports[0][.kl]) < 1e-4 && abs(reports[0][.klMonitor]) < 1e-4)
    #expect(reports[2][.samplerGap] < 1e-4)
  }

  @Test func `a step without rewards leaves no trace`() async throws {
    var trainer = try TestPolicy.trainer(TestPolicy.configuration())
    _ = try await run(&trainer, steps: 1)
    let before = trainer.state
    await #expect(throws: BrokenRewards.Unreachable.self) {
      _ = try await trainer.step(BrokenRewards(), now: TestPolicy.stillClock)
    }
    await #expect(throws: PolicyOptimizationError.self) {
      _ = try await trainer.step(BrokenRewards(reward: .nan), now: TestPolicy.stillClock)
    }
    await #expect(throws: PolicyOptimizationError.cancelled) {
      _ = try await trainer.step(
        EvenTokens(),
        now: TestPolicy.stillClock,
        isCancelled: { true }
      )
    }
    #expect(trainer.state == before)
  }

  // PEERS 4 item 47.
  @Test func `a restored run goes on bit for bit`() async throws {
    let folder = FileManager.default.temporaryDirectory
    let path = folder.appendingPathComponent("ppo-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var configuration = TestPolicy.configuration()
    configuration.klControl = .adaptive(target: 0.01, horizon: 100)
    var whole = try TestPolicy.trainer(configuration)
    _ = try await run(&whole, steps: 2)
    try CheckpointFile.write(whole.checkpoint(TestPolicy.surroundings), to: path)
    let expected = try await run(&whole, steps: 2)

    var resumed = try TestPolicy.trainer(configuration)
    try resumed.restore(CheckpointFile.read(path), baseModel: "tiny")
    let found = try await run(&resumed, steps: 2)
    #expect(found == expected)
    #expect(resumed.state == whole.state)
  }

  @Test func `a checkpoint of another recipe is refused by field`() async throws {
    let checkpoint = try TestPolicy.trainer(TestPolicy.configuration())
      .checkpoint(TestPolicy.surroundings)
    var other = TestPolicy.configuration()
    other.adapter.rank = 5
    var trainer = try TestPolicy.trainer(other)
    #expect(
      throws: PolicyOptimizationError.incompatibleCheckpoint(
        field: "adapter.rank",
        found: "4",
        expected: "5"
      )
    ) {
      try trainer.restore(checkpoint, baseModel: "tiny")
    }
    var fewer = try TestPolicy.trainer(TestPolicy.configuration(), promptCount: 3)
    #expect(throws: PolicyOptimizationError.self) {
      try fewer.restore(checkpoint, baseModel: "tiny")
    }
  }

  // METHODS A(g) 5.
  @Test func `a swapped reward is named in the report and starts its own scale`() async throws {
    var trainer = try TestPolicy.trainer(TestPolicy.configuration())
    let first = try await run(&trainer, steps: 1)[0]
    let swapped = EvenTokens(version: "2", factor: 1000)
    let second = try await run(&trainer, steps: 1, swapped)[0]
    #expect(first.configurationVersion == "1" && second.configurationVersion == "2")
    #expect(second[.rewardScale] > 100 * first[.rewardScale])
    #expect(second.warnings.contains { $0.contains("running scale") })
  }

  // PEERS 4 item 35.
  @Test func `how a minibatch is cut does not change its update`() async throws {
    var configuration = TestPolicy.configuration()
    configuration.tokenCountMax = 4096
    var whole = try TestPolicy.trainer(configuration)
    configuration.tokenCountMax = 9
    var cut = try TestPolicy.trainer(configuration)
    let expected = try await run(&whole, steps: 1)[0]
    let found = try await run(&cut, steps: 1)[0]
    #expect(abs(found[.policyLoss] - expected[.policyLoss]) < 1e-4)
    #expect(abs(found[.policyGradientNorm] - expected[.policyGradientNorm]) < 1e-3)
  }

  // PEERS 4 item 33.
  @Test func `during value warm-up the policy stands still`() async throws {
    var configuration = TestPolicy.configuration()
    configuration.valueWarmupStepCount = 1
    var trainer = try TestPolicy.trainer(configuration)
    let before = trainer.state
    _ = try await run(&trainer, steps: 1)
    #expect(trainer.state.adapter == before.adapter)
    #expect(trainer.state.valueHead != before.valueHead)
    _ = try await run(&trainer, steps: 1)
    #expect(trainer.state.adapter != before.adapter)
  }

  @Test func `a detached value head and a KL in the loss train as well`() async throws {
    var configuration = TestPolicy.configuration()
    configuration.detachesValueHead = true
    configuration.klLossCoefficient = 0.02
    configuration.entropyCoefficient = 0.01
    configuration.whitensRewards = true
    var trainer = try TestPolicy.trainer(configuration)
    let reports = try await run(&trainer, steps: 3)
    #expect(reports.allSatisfy { $0[.policyLoss].isFinite && $0[.policyGradientNorm] > 0 })
  }

  @Test func `a policy that jumps ends its epochs early`() async throws {
    var configuration = TestPolicy.configuration()
    configuration.learningRate = 1
    configuration.warmupShare = 0
    configuration.approximateKLStop = 0.01
    var trainer = try TestPolicy.trainer(configuration)
    let report = try await run(&trainer, steps: 1)[0]
    #expect(report[.updateCount] < 4)
    #expect(report.warnings.contains { $0.contains("left out") })
    #expect(trainer.state.scheduledUpdateCount == 4)
  }

  @Test func `configurations and prompts that cannot work are refused by name`() throws {
    var configuration = TestPolicy.configuration()
    configuration.minibatchCount = 17
    #expect(throws: PolicyOptimizationError.self) { try TestPolicy.trainer(configuration) }
    configuration = TestPolicy.configuration()
    configuration.klControl = .adaptive(target: 6, horizon: 1)
    #expect(throws: PolicyOptimizationError.self) { try TestPolicy.trainer(configuration) }
    #expect(throws: PolicyOptimizationError.noPrompts) {
      try TestPolicy.trainer(TestPolicy.configuration(), promptCount: 0)
    }
    configuration = TestPolicy.configuration()
    configuration.newTokenCountMax = 126
    #expect(
      throws: PolicyOptimizationError.promptTooLong(index: 0, tokens: 3, limit: 128)
    ) {
      try TestPolicy.trainer(configuration)
    }
  }
}

import Messages
import RPC
import ServiceStubs
import ServiceTesting
import Synchronization
import Testing

/// The ways in which a request can ask for rewards to become advantages.
@Suite struct AlgorithmTests {
  private let harness: TrainerHarness

  init() throws {
    harness = try TrainerHarness()
  }

  @Test(arguments: [
    (PolicyAlgorithm.unspecified, PolicyAlgorithm.ppo, LossAggregation.tokens),
    (.rloo, .rloo, .constant), (.grpo, .grpo, .sequences),
  ])
  func `an algorithm trains to its end and says what it chose`(
    asked: PolicyAlgorithm,
    algorithm: PolicyAlgorithm,
    aggregation: LossAggregation
  ) async throws {
    var settings = TrainerHarness.request()
    settings.hyperparameters?.algorithm = asked
    let request = settings
    let report = try await harness.run { try await TrainerHarness.train($0, request) }
    #expect(report.finished.map(\.outcome) == ["completed"])
    let chosen = try #require(report.started.first?.hyperparameters)
    #expect(chosen.algorithm == algorithm && chosen.lossAggregation == aggregation)
    let names = Set(report.steps[0].metrics.map(\.name))
    #expect(names.isSuperset(of: ["advantages/a/std", "advantages/b/share"]))
  }

  @Test func `one answer a prompt is refused by name`() async throws {
    var settings = TrainerHarness.request()
    settings.hyperparameters?.algorithm = .grpo
    settings.hyperparameters?.samplesPerPrompt = 1
    let request = settings
    let refused = try await harness.run { trainer in
      await refusal { try await TrainerHarness.train(trainer, request) }
    }
    #expect(refused.message.contains("samples_per_prompt"))
  }

  @Test func `scores normalised by group reach the scalarizer so, and the caller raw`() async throws
  {
    let seen = Mutex<[ScalarizeRequest]>([])
    var single = harness
    single.settings = "reward_items_per_call: 100"
    let scalarizer = FakeScalarizer(saw: { request in seen.withLock { $0.append(request) } })
    var settings = TrainerHarness.request(steps: 1)
    settings.hyperparameters?.scoreNormalization = .group
    let request = settings
    let report = try await single.run(scalarizer) { try await TrainerHarness.train($0, request) }
    let sent = try #require(seen.withLock { $0 }.last)
    #expect(sent.sources.allSatisfy { $0.mean == 0 && $0.standardDeviation == 1 })
    let values = try #require(sent.scores?.values)
    // Two answers to each of two prompts on two principles: each pair is zero or plus and minus.
    #expect(values.count == 8)
    for prompt in 0..<2 {
      for principle in 0..<2 {
        let pair = [0, 1].map { values[(2 * prompt + $0) * 2 + principle] }
        #expect(abs(pair[0] + pair[1]) < 1e-5)
        #expect(pair[0] == 0 || abs(abs(pair[0]) - 0.7071) < 1e-3)
      }
    }
    let step = try #require(report.steps.first)
    #expect(step.sources.allSatisfy { $0.mean == 3 && $0.standardDeviation == 2 })
    #expect(step.samples.flatMap(\.scores).allSatisfy { $0 == $0.rounded() && $0 >= 0 })
  }
}

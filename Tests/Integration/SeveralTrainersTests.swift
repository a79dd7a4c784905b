import ChildProcesses
import Foundation
import Messages
import RPC
import ServiceStubs
import Testing

/// Trainers in processes of their own that share a preference model and a scalarizer.
@Suite(
  .enabled(if: Program.isBuilt, "the executables have not been built"),
  .serialized,
  .timeLimit(.minutes(10))
)
struct SeveralTrainersTests {
  private let cluster: Cluster
  private static let trainers = ["policy-trainer", "second-trainer", "third-trainer"]
  private static let principles = ["conciseness", "understandability"]

  init() throws {
    cluster = try Cluster()
    try cluster.prepareRewards()
    for name in Self.trainers.dropFirst() {
      try cluster.start(name, program: "policy-trainer")
    }
  }

  @Test func `every answer has its own scores, however slow the preference model is`()
    async throws
  {
    let model = try #require(cluster.members["preference-model"]?.process.processIdentifier)
    let steps = try await withThrowingTaskGroup(of: [TrainPolicyStep].self) { group in
      for (index, name) in Self.trainers.enumerated() {
        let client = cluster.client(of: name)
        let other = cluster.client(of: Self.trainers[(index + 1) % Self.trainers.count])
        group.addTask {
          let steps = try await Self.train(client, seed: UInt64(index)) {
            // The model stands still while another trainer answers, so that calls pile up.
            kill(model, SIGSTOP)
            defer { kill(model, SIGCONT) }
            _ = try await PolicyTrainerClient(other).status(StatusRequest())
          }
          await client.close()
          await other.close()
          return steps
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(steps.map { $0.map(\.step) } == Array(repeating: [1, 2, 3, 4, 5, 6], count: 3))
    let scorer = cluster.client(of: "preference-model")
    var all: [Double] = []
    for step in steps.flatMap({ $0 }) {
      all += try await expectOwnScores(step, PreferenceModelClient(scorer))
    }
    await scorer.close()
    // Answers that all score the same could not have been mixed up visibly.
    let spread = (all.max() ?? 0) - (all.min() ?? 0)
    #expect(spread > 0.1, "\(spread)")
  }

  private static func train(
    _ client: RPCClient,
    seed: UInt64,
    afterStep: @escaping @Sendable () async throws -> Void
  ) async throws -> [TrainPolicyStep] {
    var settings = PolicyHyperparameters()
    settings.rank = 2
    settings.topLayers = 2
    settings.steps = 6
    settings.promptsPerStep = 3
    settings.samplesPerPrompt = 4
    settings.algorithm = .grpo
    let request = TrainPolicyRequest(
      runID: "shared",
      prompts: (0..<7).map { Prompt(id: "p\($0)", text: "How do I make tea for \($0) people?") },
      principleIDs: principles,
      adapterID: "tiny",
      hyperparameters: settings,
      sampling: SamplingOptions(tokensMax: 12),
      seed: seed
    )
    return try await PolicyTrainerClient(client).train(request) { replies in
      var steps: [TrainPolicyStep] = []
      for try await reply in replies {
        if case .step(let step) = reply.kind {
          steps.append(step)
          try await afterStep()
        }
      }
      return steps
    }
  }

  /// Scores each answer again, alone; returns the scores.
  private func expectOwnScores(
    _ step: TrainPolicyStep,
    _ model: PreferenceModelClient
  ) async throws -> [Double] {
    var scores: [Double] = []
    for sample in step.samples {
      let item = try #require(sample.item)
      let reply = try await model.score(
        ScoreRequest(items: [item], principleIDs: Self.principles, adapterID: "tiny")
      )
      let own = try #require(reply.scores?.values)
      for (found, expected) in zip(sample.scores, own) {
        // Attention sums in another order where answers share their prompt, and with weights in
        // bfloat16 the next product rounds what differs in the last bit by a hundredth at most.
        #expect(abs(found - Double(expected)) < 0.03, "step \(step.step), \(item.id)")
      }
      scores += sample.scores
    }
    return scores
  }
}

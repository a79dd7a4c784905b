import Foundation
import Messages
import RPC
import ServiceKit
import ServiceStubs
import ServiceTesting
import Synchronization
import Testing

@Suite struct PolicyTrainingTests {
  private let harness: TrainerHarness

  init() throws {
    harness = try TrainerHarness()
  }

  @Test func `every step says what was measured and where its rewards came from`() async throws {
    try await harness.run { trainer in
      let report = try await TrainerHarness.train(trainer)
      #expect(report.started.map(\.firstStep) == [1])
      #expect(report.started[0].hyperparameters?.rank == 2)
      #expect(report.started[0].hyperparameters?.gamma == 1)
      #expect(report.steps.map(\.step) == [1, 2, 3])
      for step in report.steps {
        let metrics = Dictionary(uniqueKeysWithValues: step.metrics.map { ($0.name, $0.value) })
        for name in [
          "objective/kl", "objective/rlhf_reward", "policy/clipfrac_avg", "critic/explained_var",
          "rewards/a/mean", "rewards/b/std", "response/length_mean",
        ] { #expect(metrics[name]?.isFinite == true, "\(name)") }
        #expect(step.configurationVersion == 1)
        #expect(step.configurationHash.count == 64)
        #expect(step.scalarizerEndpoint.hasPrefix("127.0.0.1:"))
        #expect(step.sources.map(\.principleID) == ["a", "b"])
        #expect(step.samples.count == 4)
        for sample in step.samples {
          #expect(abs(sample.contributions.reduce(0, +) - sample.reward) < 1e-9)
          #expect(sample.scores.count == 2)
        }
      }
      #expect(report.finished.map(\.outcome) == ["completed"])
      #expect(report.finished[0].stepsDone == 3)
      let adapter = report.finished[0].adapterPath
      #expect(FileManager.default.fileExists(atPath: adapter + "/adapter_model.safetensors"))
      #expect(FileManager.default.fileExists(atPath: report.finished[0].checkpointPath))
      #expect(try await trainer.status(StatusRequest()).state == "idle")
    }
  }

  @Test func `a finished run is told again and never trained again`() async throws {
    let first = try await harness.run { try await TrainerHarness.train($0) }
    let again = try await harness.run { try await TrainerHarness.train($0) }
    #expect(again.steps == first.steps)
    #expect(again.finished == first.finished)
    var other = TrainerHarness.request()
    other.seed = 6
    let request = other
    let refused = try await harness.run { trainer in
      await refusal { try await TrainerHarness.train(trainer, request) }
    }
    #expect(refused.code == .failedPrecondition && refused.message.contains("run_id"))
  }

  @Test func `a run goes on when its caller leaves, and tells all to who attaches`() async throws {
    try await harness.run { trainer in
      await #expect(throws: CancellationError.self) {
        _ = try await TrainerHarness.train(trainer, TrainerHarness.request(steps: 4)) { reply in
          if case .step = reply.kind { throw CancellationError() }
        }
      }
      let report = try await TrainerHarness.train(trainer, TrainPolicyRequest(runID: "run"))
      #expect(report.steps.map(\.step) == [1, 2, 3, 4])
      #expect(report.finished.map(\.outcome) == ["completed"])
    }
  }

  @Test func `a run that the shutdown stopped goes on to the same numbers`() async throws {
    let whole = try TrainerHarness()
    let expected = try await whole.run {
      try await TrainerHarness.train($0, TrainerHarness.request(steps: 5, checkpointSteps: 2))
    }
    let request = TrainerHarness.request(steps: 5, checkpointSteps: 2)
    try await harness.run { trainer in
      await #expect(throws: CancellationError.self) {
        _ = try await TrainerHarness.train(trainer, request) { reply in
          if case .step(let step) = reply.kind, step.step == 3 { throw CancellationError() }
        }
      }
    }
    let resumed = try await harness.run { try await TrainerHarness.train($0, request) }
    #expect((resumed.started.first?.firstStep ?? 0) > 3)
    #expect(resumed.steps.map(\.step) == [1, 2, 3, 4, 5])
    for (step, other) in zip(resumed.steps, expected.steps) {
      #expect(step.samples == other.samples)
      let timed = ["time/", "eps"]
      for (metric, same) in zip(step.metrics, other.metrics)
      where !timed.contains(where: { metric.name.hasPrefix($0) }) {
        #expect(metric == same, "step \(step.step)")
      }
    }
  }

  @Test func `a run is held, let go and cancelled between two steps`() async throws {
    try await harness.run { trainer in
      #expect(await refusal { try await trainer.pause(PauseRequest()) }.code == .failedPrecondition)
      let report = try await TrainerHarness.train(trainer, TrainerHarness.request(steps: 500)) {
        reply in
        switch reply.kind {
        case .step(let step) where step.step == 2:
          _ = try await trainer.pause(PauseRequest())
        case .event(let event) where event.kind == "paused":
          #expect(try await trainer.status(StatusRequest()).state == "paused")
          let saved = try await trainer.checkpoint(CheckpointRequest())
          #expect(saved.step == event.step)
          _ = try await trainer.resume(ResumeRequest())
        case .event(let event) where event.kind == "resumed":
          _ = try await trainer.cancel(CancelTrainingRequest())
        default: break
        }
      }
      #expect(report.eventKinds.contains("paused") && report.eventKinds.contains("resumed"))
      #expect(report.finished.map(\.outcome) == ["cancelled"])
      #expect(report.finished[0].stepsDone < 500)
      let other = await refusal {
        try await TrainerHarness.train(trainer, TrainPolicyRequest(runID: "nobody"))
      }
      #expect(other.code == .notFound)
    }
  }

  @Test func `another configuration version is told and begins with whole steps`() async throws {
    // The second version comes after two calls, whoever is slow: each step makes one here.
    let calls = Mutex(0)
    let scalarizer = FakeScalarizer { _, reply in
      let number = calls.withLock { count in
        count += 1
        return count
      }
      // A step's first rows take the version in force; its other rows ask for that version again.
      if reply.configurationVersion == 1 { reply.configurationVersion = number > 2 ? 2 : 1 }
      reply.configurationHash = String(repeating: "\(reply.configurationVersion)", count: 64)
    }
    var single = harness
    single.settings = "reward_items_per_call: 100"
    let report = try await single.run(scalarizer) { trainer in
      try await TrainerHarness.train(trainer, TrainerHarness.request(steps: 4))
    }
    let versions = report.steps.map(\.configurationVersion)
    #expect(versions.first == 1 && versions.last == 2 && versions == versions.sorted())
    let change = report.events.filter { $0.kind == "scalarizer_reconfigured" }
    #expect(change.count == 1)
    #expect(Int(change.first?.step ?? 0) == (versions.firstIndex(of: 2) ?? -2) + 1)
  }

  @Test(arguments: [nil, false, true])
  func `rewards are scaled unless the request says they are not`(given: Bool?) async throws {
    try await harness.run { trainer in
      var request = TrainerHarness.request(steps: 1)
      request.hyperparameters?.rewardScaling = given.map { .scaleReward($0) }
      let started = try #require(try await TrainerHarness.train(trainer, request).started.first)
      #expect(started.hyperparameters?.rewardScaling == .scaleReward(given ?? true))
    }
  }

  @Test func `settings that cannot work are refused by name`() async throws {
    try await harness.run { trainer in
      func refused(_ change: (inout TrainPolicyRequest) -> Void) async -> String {
        var request = TrainerHarness.request("bad")
        change(&request)
        let asked = request
        let (code, message) = await refusal { try await TrainerHarness.train(trainer, asked) }
        return code == .invalidArgument ? message : "\(String(describing: code)): \(message)"
      }
      #expect(await refused { $0.hyperparameters?.topLayers = 99 }.contains("top_layers"))
      #expect(await refused { $0.hyperparameters?.learningRate = .nan }.contains("learning_rate"))
      #expect(await refused { $0.sampling?.topK = 5 }.contains("top_k"))
      #expect(await refused { $0.sampling?.temperature = -1 }.contains("temperature"))
      #expect(await refused { $0.principleIDs = [] }.contains("principle_ids"))
      #expect(await refused { $0.principleIDs = ["a", "a"] }.contains("'a' occurs twice"))
      #expect(await refused { $0.prompts[1].id = "prompt-0" }.contains("prompt-0"))
      #expect(await refused { $0.runID = "../up" }.contains("run_id"))
      let status = try await trainer.status(StatusRequest())
      #expect(status.state == "idle")
    }
  }
}

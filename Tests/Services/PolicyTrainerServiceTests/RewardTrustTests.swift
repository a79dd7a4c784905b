import Messages
import RPC
import ServiceKit
import ServiceStubs
import ServiceTesting
import Testing

/// The trainer against reward services that lie, vanish and come back.
@Suite struct RewardTrustTests {
  private let harness: TrainerHarness

  init() throws {
    harness = try TrainerHarness()
  }

  /// Trains and expects that the run ends without a step.
  private func expectFailure(
    _ harness: TrainerHarness,
    _ scalarizer: FakeScalarizer,
    saying words: String
  ) async throws {
    let report = try await harness.run(scalarizer) { try await TrainerHarness.train($0) }
    #expect(report.steps.isEmpty)
    #expect(report.finished.map(\.outcome) == ["failed"])
    let detail = report.finished.first?.detail ?? ""
    #expect(detail.contains(words), "\(detail)")
  }

  @Test(
    arguments: [
      "reward not finite", "too few rewards", "too many rewards", "contribution not finite",
      "wrong sums", "no version", "no hash", "other version", "two hashes",
    ]
  )
  func `a scalarizer that lies ends the run`(lie: String) async throws {
    let scalarizer = FakeScalarizer { call, reply in
      switch lie {
      case "reward not finite": reply.rewards[0] = .nan
      case "too few rewards": reply.rewards.removeLast()
      case "too many rewards": reply.rewards.append(0)
      case "contribution not finite": reply.contributions[1] = .infinity
      case "wrong sums": reply.contributions[0] += 1
      case "no version": reply.configurationVersion = 0
      case "no hash": reply.configurationHash = ""
      case "other version": if call % 2 == 0 { reply.configurationVersion += 1 }
      default: if call % 2 == 0 { reply.configurationHash = "other" }
      }
    }
    let words = [
      "reward not finite": "the reward of item 'answer-0' is nan",
      "too few rewards": "2 rewards for 3 items", "too many rewards": "4 rewards for 3 items",
      "contribution not finite": "contributions of item 'answer-0'",
      "wrong sums": "contributions of item 'answer-0' sum to",
      "no version": "version or hash is missing", "no hash": "version or hash is missing",
      "other version": "asked for was 1", "two hashes": "has two hashes",
    ]
    try await expectFailure(harness, scalarizer, saying: words[lie] ?? "?")
  }

  @Test(
    arguments: [
      "score not finite", "other items", "other columns", "too few scores", "no sources",
      "flat source", "no scores",
    ]
  )
  func `a preference model that lies ends the run`(lie: String) async throws {
    var lying = harness
    lying.preferenceModel = FakePreferenceModel { reply in
      switch lie {
      case "score not finite": reply.scores?.values[1] = .nan
      case "other items": reply.scores?.itemIDs[0] = "someone"
      case "other columns": reply.scores?.principleIDs.swapAt(0, 1)
      case "too few scores": reply.scores?.values.removeLast()
      case "no sources": reply.sources = []
      case "flat source": reply.sources[1].standardDeviation = 0
      default: reply.scores = nil
      }
    }
    let words = [
      "score not finite": "the score of item 'answer-0' on principle 'b' is nan",
      "other items": "are not those of the 3 items", "other columns": "the columns are",
      "too few scores": "5 scores for 3 items", "no sources": "the sources are not one",
      "flat source": "principle 'b' has mean 3.0 and standard deviation 0.0",
      "no scores": "the scores are missing",
    ]
    try await expectFailure(lying, FakeScalarizer(), saying: words[lie] ?? "?")
  }

  @Test func `a refusal that no waiting can heal ends the run at once`() async throws {
    let scalarizer = FakeScalarizer { _, _ in
      throw RPCError(code: .invalidArgument, message: "principle 'b' is not configured")
    }
    try await expectFailure(harness, scalarizer, saying: "principle 'b' is not configured")
  }

  @Test func `a scalarizer that vanishes is waited for and no step is lost`() async throws {
    let scalarizer = FakeScalarizer { call, _ in
      // The client tries a call several times by itself before the trainer hears of it.
      if (3...12).contains(call) {
        throw RPCError(code: .unavailable, message: "gone for a while")
      }
    }
    let report = try await harness.run(scalarizer) { try await TrainerHarness.train($0) }
    #expect(report.steps.map(\.step) == [1, 2, 3])
    #expect(report.eventKinds.filter { $0 == "waiting" || $0 == "recovered" }.count == 2)
    #expect(report.events.first { $0.kind == "waiting" }?.detail.contains("gone") == true)
    #expect(report.finished.map(\.outcome) == ["completed"])
  }

  @Test func `a run that waits too long stops with a checkpoint and can go on`() async throws {
    var impatient = harness
    impatient.settings = "reward_wait_max_seconds: 0.3"
    let scalarizer = FakeScalarizer { call, _ in
      if call > 1 { throw RPCError(code: .unavailable, message: "gone for good") }
    }
    let report = try await impatient.run(scalarizer) { try await TrainerHarness.train($0) }
    #expect(report.steps.map(\.step) == [1])
    #expect(report.eventKinds.contains("waiting"))
    #expect(report.finished.map(\.outcome) == ["failed"])
    #expect(report.finished[0].detail.contains("could not be had"))
    #expect(report.finished[0].stepsDone == 1)

    let resumed = try await impatient.run { try await TrainerHarness.train($0) }
    #expect(resumed.started.map(\.firstStep) == [2])
    #expect(resumed.steps.map(\.step) == [1, 2, 3])
    #expect(resumed.finished.map(\.outcome) == ["completed"])
  }

  @Test func `a version that is forgotten in the middle of a batch is asked for anew`() async throws
  {
    let scalarizer = FakeScalarizer { call, _ in
      if call == 2 { throw RPCError(code: .notFound, message: "version 1 does not exist") }
    }
    let report = try await harness.run(scalarizer) { try await TrainerHarness.train($0) }
    #expect(report.finished.map(\.outcome) == ["completed"])
  }

  @Test func `a swap is checked first and the old scalarizer stays when it fails`() async throws {
    let lying = FakeScalarizer { _, reply in reply.rewards[0] = .nan }
    try await TestService.run([ScalarizerService(lying)]) { _, bad in
      let report = try await harness.run { trainer in
        try await TrainerHarness.train(trainer, TrainerHarness.request(steps: 900)) { reply in
          guard case .step(let step) = reply.kind, step.step == 1 else { return }
          let refused = await refusal {
            try await trainer.swapScalarizer(
              SwapScalarizerRequest(host: bad.host, port: UInt32(bad.port))
            )
          }
          #expect(refused.code == .failedPrecondition)
          #expect(refused.message.contains("probe-mean"), "\(refused.message)")
          let nobody = await refusal {
            try await trainer.swapScalarizer(SwapScalarizerRequest(host: "127.0.0.1", port: 1))
          }
          #expect(nobody.code == .failedPrecondition)
          _ = try await trainer.cancel(CancelTrainingRequest())
        }
      }
      #expect(report.eventKinds.filter { $0 == "swap_refused" }.count == 2)
      #expect(Set(report.steps.map(\.scalarizerEndpoint)).count == 1)
      #expect(report.finished.map(\.outcome) == ["cancelled"])
    }
  }

  @Test func `a scalarizer that offers Scalarize alone may take over before a run`() async throws {
    let other = FakeScalarizer(describes: false)
    try await TestService.run([ScalarizerService(other)]) { _, section in
      let report = try await harness.run { trainer in
        let reply = try await trainer.swapScalarizer(
          SwapScalarizerRequest(host: section.host, port: UInt32(section.port))
        )
        #expect(reply.configurationVersion == 1)
        return try await TrainerHarness.train(trainer)
      }
      #expect(Set(report.steps.map(\.scalarizerEndpoint)) == [section.endpoint])
    }
  }

  @Test func `a swap takes effect between two batches and outlives a restart`() async throws {
    let other = FakeScalarizer { _, reply in
      reply.configurationHash = String(repeating: "e", count: 64)
    }
    try await TestService.run([ScalarizerService(other)]) { _, section in
      // More than any machine gets to before the swap: the test ends the run.
      let request = TrainerHarness.request(steps: 100_000)
      try await harness.run { trainer in
        await #expect(throws: CancellationError.self) {
          _ = try await TrainerHarness.train(trainer, request) { reply in
            if case .step(let step) = reply.kind, step.step == 1 {
              let reply = try await trainer.swapScalarizer(
                SwapScalarizerRequest(host: section.host, port: UInt32(section.port))
              )
              #expect(reply.configurationHash.hasPrefix("e"))
              #expect(reply.firstStep >= 2)
            }
            if case .step(let step) = reply.kind, step.configurationHash.hasPrefix("e") {
              throw CancellationError()
            }
          }
        }
      }
      let report = try await harness.run { trainer in
        try await TrainerHarness.train(trainer, request) { reply in
          guard case .step(let step) = reply.kind, step.configurationHash.hasPrefix("e") else {
            return
          }
          // Each such step asks for it, and the run may be over by then.
          _ = try? await trainer.cancel(CancelTrainingRequest())
        }
      }
      let hashes = report.steps.map { String($0.configurationHash.prefix(1)) }
      #expect(hashes.first == "f" && hashes.last == "e" && hashes == hashes.sorted().reversed())
      for step in report.steps where step.configurationHash.hasPrefix("e") {
        #expect(step.scalarizerEndpoint == section.endpoint)
      }
      #expect(report.eventKinds.contains("scalarizer_swapped"))
      #expect(report.eventKinds.contains("scalarizer_reconfigured"))
    }
  }

  @Test func `a swap without a run probes the scalarizer's own principles`() async throws {
    try await TestService.run([ScalarizerService(FakeScalarizer())]) { _, section in
      try await harness.run { trainer in
        let reply = try await trainer.swapScalarizer(
          SwapScalarizerRequest(host: section.host, port: UInt32(section.port))
        )
        #expect(reply.firstStep == 0 && reply.configurationVersion == 1)
        let status = try await trainer.status(StatusRequest())
        #expect(status.scalarizerEndpoint == section.endpoint)
      }
    }
  }
}

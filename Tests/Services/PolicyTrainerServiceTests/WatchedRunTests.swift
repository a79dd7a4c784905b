import Messages
import RPC
import ServiceStubs
import ServiceTesting
import Synchronization
import Testing

/// What the trainer does when its reward seems to be gamed.
@Suite struct WatchedRunTests {
  private let harness: TrainerHarness

  init() throws {
    harness = try TrainerHarness()
  }

  /// A scalarizer that gives every answer but one in eight the highest reward.
  private static let flat = FakeScalarizer { _, reply in
    reply.rewards = reply.rewards.indices.map { $0 == 0 ? 0 : 1 }
    reply.contributions = reply.rewards.flatMap { [$0, 0] }
  }

  private static func request(pauses: Bool) -> TrainPolicyRequest {
    var request = TrainerHarness.request(steps: pauses ? 100_000 : 4)
    request.hyperparameters?.watch = RewardWatch(ceilingShareMax: 0.4, pauses: pauses)
    return request
  }

  @Test func `a sign is told in the journal, and its threshold in the settings`() async throws {
    var whole = harness
    whole.settings = "reward_items_per_call: 100"
    let request = Self.request(pauses: false)
    let report = try await whole.run(Self.flat) { try await TrainerHarness.train($0, request) }
    let sign = try #require(report.events.first { $0.kind == "watch_saturation" })
    #expect(sign.step == 1 && sign.detail.contains("75 %") && sign.detail.contains("40 %"))
    #expect(report.finished.map(\.outcome) == ["completed"])
    let chosen = try #require(report.started.first?.hyperparameters?.watch)
    #expect(chosen.ceilingShareMax == 0.4 && chosen.window > 0 && !chosen.pauses)
  }

  @Test func `a run that is to be held waits for Resume`() async throws {
    var whole = harness
    whole.settings = "reward_items_per_call: 100"
    let request = Self.request(pauses: true)
    let isFirst = Mutex(true)  // The next sign may hold the run again before Cancel arrives.
    let report = try await whole.run(Self.flat) { trainer in
      try await TrainerHarness.train(trainer, request) { reply in
        guard case .event(let event) = reply.kind else { return }
        if event.kind == "paused", isFirst.withLock({ $0 }) {
          isFirst.withLock { $0 = false }
          #expect(try await trainer.status(StatusRequest()).state == "paused")
          _ = try await trainer.resume(ResumeRequest())
        }
        if event.kind == "resumed" { _ = try await trainer.cancel(CancelTrainingRequest()) }
      }
    }
    let kinds = report.eventKinds
    let sign = try #require(kinds.firstIndex(of: "watch_saturation"))
    #expect(kinds[sign...].contains("paused") && kinds.contains("resumed"))
    #expect(report.events[sign].detail.contains("held"))
    #expect(report.finished.map(\.outcome) == ["cancelled"])
  }
}

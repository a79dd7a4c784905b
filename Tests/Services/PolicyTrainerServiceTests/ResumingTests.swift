import Foundation
import Messages
import RPC
import ServiceStubs
import ServiceTesting
import Synchronization
import Testing

/// Checkpoints of runs, and what a run does that goes on from one.
@Suite struct ResumingTests {
  private let harness: TrainerHarness

  init() throws {
    harness = try TrainerHarness()
  }

  private func checkpoints(_ harness: TrainerHarness) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: harness.runFolder + "/checkpoints").sorted()
  }

  @Test func `the newest checkpoints stay, as many as asked for`() async throws {
    var request = TrainerHarness.request(steps: 5)
    request.hyperparameters?.keepLast = 3
    let asked = request
    let report = try await harness.run { try await TrainerHarness.train($0, asked) }
    #expect(
      try checkpoints(harness) == (3...5).map { "step-0000000\($0).safetensors" }
    )
    #expect(report.finished.first?.checkpointPath.hasSuffix("step-00000005.safetensors") == true)
    #expect(report.started.first?.hyperparameters?.keepLast == 3)
  }

  @Test func `minutes alone leave the steps out`() async throws {
    var request = TrainerHarness.request(steps: 6)
    request.hyperparameters?.checkpointSteps = 0
    request.hyperparameters?.checkpointMinutes = 1000
    let asked = request
    let report = try await harness.run { try await TrainerHarness.train($0, asked) }
    #expect(!report.eventKinds.contains("checkpoint"))
    #expect(try checkpoints(harness) == ["step-00000006.safetensors"])
  }

  @Test func `a damaged checkpoint is gone without, and its steps are made again`() async throws {
    var long = TrainerHarness.request(steps: 100_000)
    long.hyperparameters?.keepLast = 2
    let request = long
    let first = try await harness.run { trainer in
      try await TrainerHarness.train(trainer, request) { reply in
        if case .step(let step) = reply.kind, step.step == 4 {
          _ = try await trainer.cancel(CancelTrainingRequest())
        }
      }
    }
    let newest = try #require(try checkpoints(harness).last)
    let path = harness.runFolder + "/checkpoints/" + newest
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - 3] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    // What a kill in the middle of a write leaves behind.
    try bytes.prefix(100).write(to: URL(fileURLWithPath: path + ".1-1.tmp"))

    let done = first.steps.count
    let again = try await harness.run { trainer in
      try await TrainerHarness.train(trainer, request) { reply in
        if case .step(let step) = reply.kind, step.step == done {
          _ = try await trainer.cancel(CancelTrainingRequest())
        }
      }
    }
    #expect(Int(again.started.first?.firstStep ?? 0) == done)
    let told = try #require(again.events.first { $0.kind == "checkpoint_damaged" })
    #expect(told.detail.contains(newest) && told.detail.contains("hash"))
    #expect(again.eventKinds.contains("restored"))
    #expect(again.steps.prefix(done).map(\.samples) == first.steps.map(\.samples))
    #expect(try !checkpoints(harness).contains { $0.hasSuffix(".tmp") })
  }

  @Test func `a checkpoint of an earlier release is refused by name`() async throws {
    let folder = harness.runFolder
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data("{}".utf8).write(to: URL(fileURLWithPath: folder + "/checkpoint.safetensors"))
    let refused = try await harness.run { trainer in
      await refusal { try await TrainerHarness.train(trainer) }
    }
    #expect(refused.code == .dataLoss)
    #expect(refused.message.contains("layout 1") && refused.message.contains("run id"))
  }

  @Test func `steps made again are rewarded by the versions that rewarded them`() async throws {
    let version = Mutex<UInt64>(11)
    let scalarizer = FakeScalarizer { _, reply in
      // The fake answers 1 to a request for no version in particular, which gets the newest.
      if reply.configurationVersion == 1 {
        reply.configurationVersion = version.withLock { $0 }
      }
      let factor = Double(reply.configurationVersion)
      reply.rewards = reply.rewards.map { $0 * factor }
      reply.contributions = reply.contributions.map { $0 * factor }
      reply.configurationHash = String(repeating: "\(reply.configurationVersion)", count: 64)
    }
    var request = TrainerHarness.request(steps: 100_000, checkpointSteps: 50_000)
    request.sampling?.tokensMax = 3
    let asked = request
    let copy = try TrainerHarness()
    let (from, to) = (harness.folder.path, copy.folder.path)
    let pauses = Mutex(0)
    let first = try await harness.run(scalarizer) { trainer in
      try await TrainerHarness.train(trainer, asked) { reply in
        switch reply.kind {
        case .step(let step) where step.step == 2 || step.step == 40:
          _ = try await trainer.pause(PauseRequest())
        case .step(let step) where step.step == 20: version.withLock { $0 = 12 }
        case .event(let event) where event.kind == "paused":
          let count = pauses.withLock { count in
            count += 1
            return count
          }
          if count == 1 {
            _ = try await trainer.checkpoint(CheckpointRequest())
            _ = try await trainer.resume(ResumeRequest())
          } else {
            // While it is held, its files are what a kill would leave.
            try FileManager.default.removeItem(atPath: to)
            try FileManager.default.copyItem(atPath: from, toPath: to)
            _ = try await trainer.cancel(CancelTrainingRequest())
            _ = try await trainer.resume(ResumeRequest())
          }
        default: break
        }
      }
    }
    let count = first.steps.count
    let restored = Mutex(false)
    let again = try await copy.run(scalarizer) { trainer in
      try await TrainerHarness.train(trainer, asked) { reply in
        switch reply.kind {
        case .step(let step) where step.step == count:
          _ = try await trainer.cancel(CancelTrainingRequest())
        case .event(let event) where event.kind == "paused" && restored.withLock({ $0 }):
          // It was held when it was copied, and still is.
          _ = try await trainer.resume(ResumeRequest())
        case .event(let event) where event.kind == "restored": restored.withLock { $0 = true }
        default: break
        }
      }
    }
    let resumedAt = Int(again.started.first?.firstStep ?? 0)
    #expect(resumedAt > 1 && resumedAt <= count)
    #expect(Set(first.steps.map(\.configurationVersion)) == [11, 12])
    let redone = again.steps.prefix(count)
    #expect(redone.map(\.configurationVersion) == first.steps.map(\.configurationVersion))
    #expect(redone.map(\.samples) == first.steps.map(\.samples))
  }
}

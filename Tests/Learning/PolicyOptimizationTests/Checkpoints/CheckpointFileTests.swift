import Foundation
import PolicyOptimization
import Testing

@Suite struct CheckpointFileTests {
  private let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("checkpoint-\(UUID().uuidString).safetensors").path
  }

  /// A checkpoint behind a step, so that moments and statistics are not all zero.
  private func write() async throws -> PPOCheckpoint {
    var trainer = try TestPolicy.trainer(TestPolicy.configuration())
    _ = try await trainer.step(EvenTokens(), now: TestPolicy.stillClock)
    let checkpoint = trainer.checkpoint(
      PPOCheckpoint.Surroundings(
        baseModel: "tiny",
        scalarizer: PPOCheckpoint.Scalarizer(endpoint: "host:1", version: 7, hash: "f"),
        threadCount: 2
      )
    )
    try CheckpointFile.write(checkpoint, to: path)
    return checkpoint
  }

  private func bytes() throws -> [UInt8] {
    try Array(Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private func replace(_ bytes: some Sequence<UInt8>) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  @Test func `a checkpoint is read as it was written`() async throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    let written = try await write()
    #expect(try CheckpointFile.read(path) == written)
    #expect(written.header.surroundings.scalarizer?.version == 7)
  }

  @Test func `a bit that flipped is found wherever it says anything`() async throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    let written = try await write()
    let sound = try bytes()
    // Every byte of the first numbers and names, then one in a few hundred.
    let places = Array(0..<64) + Array(stride(from: 64, to: sound.count, by: 397))
    var refusals = 0
    for place in places {
      var damaged = sound
      damaged[place] ^= 0x10
      try replace(damaged)
      // Padding and the `format` entry of other programs say nothing about the run.
      let found = try? CheckpointFile.read(path)
      #expect(found == nil || found == written, "byte \(place)")
      if found == nil { refusals += 1 }
    }
    #expect(refusals > places.count - 40)
  }

  @Test func `a file cut short at any place is refused`() async throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    _ = try await write()
    let sound = try bytes()
    for count in stride(from: 0, to: sound.count, by: 499) {
      try replace(sound.prefix(count))
      #expect(throws: (any Error).self, "\(count) bytes") { try CheckpointFile.read(path) }
    }
  }

  @Test func `other layouts are refused by number with what to do`() async throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    _ = try await write()
    let key = Array("\"ppo_layout\":\"2\"".utf8)
    let sound = try bytes()
    let place = try #require(
      (0...(sound.count - key.count)).first { Array(sound[$0..<$0 + key.count]) == key }
    )
    // Layout 1 had no such entry, and a later release writes another number; sizes stay.
    for (entry, found) in [("\"xpo_layout\":\"2\"", "1"), ("\"ppo_layout\":\"9\"", "9")] {
      var other = sound
      other.replaceSubrange(place..<place + key.count, with: Array(entry.utf8))
      try replace(other)
      #expect(
        throws: PolicyOptimizationError.otherCheckpointLayout(found: found, expected: 2)
      ) { try CheckpointFile.read(path) }
    }
    let text = "\(PolicyOptimizationError.otherCheckpointLayout(found: "1", expected: 2))"
    #expect(text.contains("layout 1") && text.contains("run id"))
  }

  @Test func `a checkpoint of another base model is refused`() async throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    let checkpoint = try await write()
    var trainer = try TestPolicy.trainer(TestPolicy.configuration())
    let before = trainer.state
    #expect(
      throws: PolicyOptimizationError.incompatibleCheckpoint(
        field: "base model",
        found: "tiny",
        expected: "other"
      )
    ) { try trainer.restore(checkpoint, baseModel: "other") }
    #expect(trainer.state == before)
  }
}

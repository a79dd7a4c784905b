internal import Foundation
internal import Messages
internal import ServiceKit

/// Which scalarizer was in charge of which steps of a run, so that steps that are made again after a
/// restart are rewarded by the same ones.
struct ScalarizerHistory: Sendable {
  /// A scalarizer that a swap put in charge.
  private struct Swap: Sendable, Codable {
    let firstStep: Int
    let host: String
    let port: Int
    let serverName: String

    var section: PeerSection { PeerSection(host: host, port: port, serverName: serverName) }
  }

  /// What rewarded a step.
  struct Reward: Sendable, Equatable, Codable {
    let version: UInt64
    let hash: String
  }

  private struct Stored: Codable {
    var swaps: [Swap] = []
    /// By step: steps that a restart forgot, to be made again.
    var rewards: [Int: Reward] = [:]
  }

  private let path: String
  private var stored = Stored()

  /// Reads the history of a run; a missing file has none.
  init(path: String) throws {
    self.path = path
    guard let data = FileManager.default.contents(atPath: path) else { return }
    do {
      stored = try JSONDecoder().decode(Stored.self, from: data)
    } catch {
      throw PolicyTrainerServiceError.damagedRun(
        path: path,
        reason: "is not a history of scalarizers: \(error); remove it to go on without"
      )
    }
  }

  /// Adds a swap; durable when it returns.
  mutating func keep(_ section: PeerSection, firstStep: Int) throws {
    let swap = Swap(
      firstStep: firstStep,
      host: section.host,
      port: section.port,
      serverName: section.serverName ?? ""
    )
    // A later wish takes the place of what had not begun.
    stored.swaps = stored.swaps.filter { $0.firstStep < firstStep } + [swap]
    try save()
  }

  /// Notes what rewarded the steps that will be made again; durable when it returns.
  mutating func note(_ forgotten: [RunEntry], after step: Int) throws {
    stored.rewards = stored.rewards.filter { $0.key > step }
    for entry in forgotten {
      guard case .step(let made) = try entry.message().kind else { continue }
      stored.rewards[Int(made.step)] = Reward(
        version: made.configurationVersion,
        hash: made.configurationHash
      )
    }
    try save()
  }

  /// The swap that holds at a step; nil for the configured scalarizer.
  func section(atStep step: Int) -> PeerSection? {
    stored.swaps.last { $0.firstStep <= step }?.section
  }

  /// The swap that begins with a step; nil when none does.
  func section(beginningWith step: Int) -> PeerSection? {
    stored.swaps.last { $0.firstStep == step }?.section
  }

  /// What rewarded a step before the restart; nil for one that is new.
  func reward(ofStep step: Int) -> Reward? { stored.rewards[step] }

  private func save() throws {
    try DurableFile.replace(path, with: Array(try JSONEncoder().encode(stored)))
  }
}

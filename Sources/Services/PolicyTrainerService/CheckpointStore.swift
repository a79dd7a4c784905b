internal import Foundation
internal import PolicyOptimization
internal import ServiceKit

/// The checkpoints of one run: the newest few, each a file of its own.
struct CheckpointStore: Sendable {
  /// `runs/RUN/checkpoints`.
  let folder: String
  /// Where releases before this one kept their only checkpoint.
  let earlierPath: String
  /// How many are kept; one that is damaged can then be gone without.
  var keptCount = 2

  /// A checkpoint that was read back.
  struct Found {
    let checkpoint: PPOCheckpoint
    let path: String
    /// Newer ones that could not be used, with the reason.
    let damaged: [String]
  }

  /// Path of the checkpoint after a step; names sort as steps do.
  func path(step: Int) -> String {
    let digits = String(step)
    let zeros = String(repeating: "0", count: max(0, 8 - digits.count))
    return "\(folder)/step-\(zeros)\(digits)\(Self.suffix)"
  }

  /// Path of the newest checkpoint; nil when there is none.
  func newestPath() throws -> String? {
    try names().last.map { folder + "/" + $0 }
  }

  /// Writes a checkpoint and lets the oldest go; durable when it returns.
  func write(_ checkpoint: PPOCheckpoint) throws -> String {
    try DurableFile.makeFolder(folder)
    let path = path(step: checkpoint.header.step)
    try CheckpointFile.write(checkpoint, to: path)
    for name in try names().dropLast(max(1, keptCount)) {
      // One that stays only takes room, and the next write tries again.
      try? FileManager.default.removeItem(atPath: folder + "/" + name)
    }
    return path
  }

  /// The newest checkpoint that is whole; nil when none was ever written.
  ///
  /// - Throws: `damagedRun` when there are some and none can be used, or when an earlier release
  ///   wrote them.
  func newest() throws -> Found? {
    guard !FileManager.default.fileExists(atPath: earlierPath) else {
      let reason = PolicyOptimizationError.otherCheckpointLayout(
        found: "1",
        expected: CheckpointFile.layout
      )
      throw PolicyTrainerServiceError.damagedRun(path: earlierPath, reason: "\(reason)")
    }
    var damaged: [String] = []
    for name in try names().reversed() {
      let path = folder + "/" + name
      do {
        return Found(checkpoint: try CheckpointFile.read(path), path: path, damaged: damaged)
      } catch let error as PolicyOptimizationError {
        if case .otherCheckpointLayout = error {
          throw PolicyTrainerServiceError.damagedRun(path: path, reason: "\(error)")
        }
        damaged.append("\(path): \(error)")
      } catch {
        damaged.append("\(path): \(error)")
      }
    }
    guard let first = damaged.first else { return nil }
    throw PolicyTrainerServiceError.damagedRun(
      path: folder,
      reason: "no checkpoint can be used; \(first)"
    )
  }

  /// Removes what a kill in the middle of a write left behind; nobody may be writing.
  func removeLeftovers() throws {
    for name in try FolderListing.names(in: folder) where name.contains(Self.suffix + ".") {
      try? FileManager.default.removeItem(atPath: folder + "/" + name)
    }
  }

  private static let suffix = ".safetensors"

  /// File names, oldest first.
  private func names() throws -> [String] {
    try FolderListing.names(in: folder)
      .filter { $0.hasPrefix("step-") && $0.hasSuffix(Self.suffix) }
      .sorted()
  }
}

internal import Foundation
internal import Hashing
internal import JSON
internal import ModelFiles

/// Keeps a `PPOCheckpoint` in one file that is replaced as a whole and proves itself when it is read.
///
/// The file is safetensors. Tensors are its tensors; its metadata hold the numbers as JSON
/// (`ppo_state`), the layout's number (`ppo_layout`) and a SHA-256 over both and all tensors
/// (`ppo_sha256`), so that a flipped bit anywhere is found.
package enum CheckpointFile {
  /// The layout that this release writes and reads.
  ///
  /// 1 held neither a hash nor what the run depends on.
  package static let layout = 2

  private static let stateKey = "ppo_state"
  private static let layoutKey = "ppo_layout"
  private static let hashKey = "ppo_sha256"

  /// Writes a checkpoint; it is on the disk when this returns, and readers see all of it or nothing.
  ///
  /// - Throws: `ModelFileError` when the system refuses or a number is not finite.
  package static func write(_ checkpoint: PPOCheckpoint, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let state = String(decoding: try encoder.encode(checkpoint.header), as: UTF8.self)
    try SafetensorsWriter.write(
      checkpoint.tensors,
      to: path,
      metadata: [
        stateKey: state,
        layoutKey: "\(layout)",
        hashKey: hash(state: state, tensors: checkpoint.tensors),
      ]
    )
  }

  /// Reads a checkpoint and proves its hash, sizes and numbers.
  ///
  /// - Throws: `ModelFileError` for a file that is cut short or holds a number that is not finite,
  ///   `PolicyOptimizationError` for one of another layout or with another hash than it claims.
  package static func read(_ path: String) throws -> PPOCheckpoint {
    let file = try SafetensorsFile(path: path)
    func text(_ key: String) -> String? {
      file.metadata.first(where: { $0.name == key })?.value.text
    }
    guard let state = text(stateKey) else {
      throw PolicyOptimizationError.missingCheckpointEntry(stateKey)
    }
    // Layout 1 had no number of its own in the metadata.
    let found = text(layoutKey) ?? "1"
    guard found == "\(layout)" else {
      throw PolicyOptimizationError.otherCheckpointLayout(found: found, expected: layout)
    }
    let tensors = try file.tensorNames.map { name in
      NamedTensor(name: name, shape: file.shape(of: name) ?? [], values: try file.values(of: name))
    }.sorted { $0.name < $1.name }
    let computed = hash(state: state, tensors: tensors)
    guard let claimed = text(hashKey), claimed == computed else {
      throw PolicyOptimizationError.damagedCheckpoint(
        claimed: text(hashKey) ?? "none",
        computed: computed
      )
    }
    let header: PPOCheckpoint.Header
    do {
      header = try JSONDecoder().decode(PPOCheckpoint.Header.self, from: Data(state.utf8))
    } catch {
      throw PolicyOptimizationError.missingCheckpointEntry("\(stateKey): \(error)")
    }
    return PPOCheckpoint(header: header, tensors: tensors)
  }

  /// SHA-256 over the state's text and each tensor's name, shape and little-endian values.
  private static func hash(state: String, tensors: [NamedTensor]) -> String {
    var hash = SHA256()
    hash.update("\(layout)\n\(state)\n")
    for tensor in tensors {
      hash.update("\(tensor.name) \(tensor.shape)\n")
      var bytes: [UInt8] = []
      bytes.reserveCapacity(4 * tensor.values.count)
      for value in tensor.values {
        let bits = value.bitPattern
        bytes.append(UInt8(truncatingIfNeeded: bits))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 24))
      }
      hash.update(bytes.span)
    }
    return hash.hexDigest()
  }
}

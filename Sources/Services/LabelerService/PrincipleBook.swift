internal import Labeling
internal import ServiceKit
internal import Synchronization

/// The principles of the labeler: those of the configured folder, and on top of them those that callers
/// put, which are kept in the data folder.
final class PrincipleBook: Sendable {
  private let principles: Mutex<[String: Principle]>
  private let overlay: String
  private let writer = WorkThread(name: "principle files", waitingMax: 64)

  /// Reads both folders; the configured one must hold a principle, the other may be empty.
  init(configured: String, overlay: String) throws {
    try DurableFile.makeFolder(overlay)
    var known: [String: Principle] = [:]
    for principle in try PrincipleFolder.load(directory: configured) {
      known[principle.id] = principle
    }
    for principle in try Self.loadOverlay(overlay) { known[principle.id] = principle }
    principles = Mutex(known)
    self.overlay = overlay
  }

  /// All principles by id.
  var all: [Principle] {
    principles.withLock { $0.values.sorted { $0.id < $1.id } }
  }

  /// The principles that a caller names, in its order; all for an empty list.
  func find(_ ids: [String]) throws(LabelingError) -> [Principle] {
    let known = principles.withLock { $0 }
    var found: [Principle] = []
    for id in ids {
      guard let principle = known[id] else {
        throw .unknownPrinciple(id: id, known: known.keys.sorted())
      }
      found.append(principle)
    }
    return ids.isEmpty ? all : found
  }

  /// Adds or replaces a principle once it is on the disk; returns whether one was there.
  func put(_ principle: Principle) async throws -> Bool {
    try await writer.perform { [self] in
      try PrincipleFolder.save(principle, directory: overlay)
      return principles.withLock { $0.updateValue(principle, forKey: principle.id) != nil }
    }
  }

  private static func loadOverlay(_ folder: String) throws -> [Principle] {
    let names = try FolderListing.names(in: folder).filter { $0.hasSuffix(".yaml") }
    return try names.map { try PrincipleFolder.load(file: folder + "/" + $0) }
  }
}

internal import Foundation
internal import Glibc
internal import RunReports

/// The files of a run, and the lock that keeps two commands out of one folder.
package final class RunFolder: Sendable {
  package let path: String
  private let lock: Int32

  package var recipe: String { path + "/recipe.yaml" }
  package var journal: String { path + "/journal.jsonl" }
  package var labels: String { path + "/labels.jsonl" }
  package var adapters: String { path + "/adapters" }
  package var checkpoints: String { path + "/checkpoints" }
  package var metrics: String { path + "/metrics.jsonl" }
  package var tensorBoard: String { path + "/tensorboard" }
  package var samples: String { path + "/samples.jsonl" }
  package var summary: String { path + "/summary.json" }
  package var report: String { path + "/report.html" }

  /// Takes a folder that holds a run.
  package convenience init(existing path: String) throws(OperationsError) {
    guard FileManager.default.fileExists(atPath: path + "/journal.jsonl") else {
      throw .input("\(path) is not the folder of a run: it has no journal.jsonl")
    }
    try self.init(path: path)
  }

  /// Makes the folder or takes an existing one, and locks it until this object goes.
  package init(path: String) throws(OperationsError) {
    self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    do {
      for folder in ["", "/adapters", "/checkpoints", "/tensorboard"] {
        try FileManager.default.createDirectory(
          atPath: self.path + folder,
          withIntermediateDirectories: true
        )
      }
    } catch {
      throw .report(
        .file(path: path, action: "make the folder", reason: error.localizedDescription)
      )
    }
    lock = open(self.path + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      let reason = "another command works in this folder; wait for it or choose another --output"
      if lock >= 0 { close(lock) }
      throw .report(.file(path: path, action: "lock", reason: reason))
    }
  }

  deinit {
    close(lock)
  }
}

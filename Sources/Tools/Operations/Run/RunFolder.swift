internal import Foundation
internal import Glibc
internal import RunReports

/// The files of a run, and the lock that keeps two commands out of one folder.
package final class RunFolder: Sendable {
  /// The folder, absolute.
  package let path: String
  private let lock: Int32

  /// The resolved recipe.
  package var recipe: String { path + "/recipe.yaml" }
  /// The events, one JSON line each.
  package var journal: String { path + "/journal.jsonl" }
  /// The labels with their pairs.
  package var labels: String { path + "/labels.jsonl" }
  /// Adapters of the preference models and the policy, PEFT layout.
  package var adapters: String { path + "/adapters" }
  /// The newest checkpoint of the policy.
  package var checkpoints: String { path + "/checkpoints" }
  /// The metrics of each step.
  package var metrics: String { path + "/metrics.jsonl" }
  /// Every rewarded answer with what its reward came from.
  package var answers: String { path + "/answers.jsonl" }
  /// Event files for TensorBoard.
  package var tensorBoard: String { path + "/tensorboard" }
  /// Held-out answers of both sides with their measures.
  package var samples: String { path + "/samples.jsonl" }
  /// The figures of the run.
  package var summary: String { path + "/summary.json" }
  /// The report.
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
    let folder = URL(fileURLWithPath: path).standardizedFileURL.path
    try NewFolder.make(["", "/adapters", "/checkpoints", "/tensorboard"].map { folder + $0 })
    self.path = folder
    lock = unsafe open(self.path + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
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

internal import Foundation
internal import JSON
internal import Messages
internal import RPC
internal import RunReports
internal import ServiceStubs

/// Fetches what the services made and writes summary and report.
struct ReportStep {
  let context: RunContext

  func run() async throws -> [JSONMember] {
    let context = context
    var files = 0
    for id in context.recipe.principleIDs {
      let request = FetchModelRequest(principleID: id, adapterID: context.runID)
      files += try await context.retrying("fetching the preference model of \(id)") { _ in
        try await context.connections.preferenceModel.fetchModel(request) { chunks in
          try await FileReceiver(folder: "\(context.folder.adapters)/\(id)").receive(chunks)
        }
      }.count
    }
    let request = FetchPolicyRequest(runID: context.runID)
    files += try await context.retrying("fetching the policy") { _ in
      try await context.connections.policyTrainer.fetchPolicy(request) { chunks in
        try await FileReceiver(folder: context.folder.checkpoints).receive(chunks)
      }
    }.count
    try copyPolicyAdapter()
    return [JSONMember("files", .integer(files))]
  }

  /// Puts the policy's adapter beside those of the preference models.
  private func copyPolicyAdapter() throws {
    let manager = FileManager.default
    let root = context.folder.checkpoints
    guard let paths = manager.enumerator(atPath: root) else { return }
    for case let path as String in paths
    where (path as NSString).lastPathComponent == "adapter_config.json" {
      let source = ("\(root)/\(path)" as NSString).deletingLastPathComponent
      let target = "\(context.folder.adapters)/policy"
      try manager.createDirectory(atPath: target, withIntermediateDirectories: true)
      for name in try manager.contentsOfDirectory(atPath: source)
      where name.hasPrefix("adapter_") || name == "README.md" {
        let copy = "\(target)/\(name)"
        if manager.fileExists(atPath: copy) { try manager.removeItem(atPath: copy) }
        try manager.copyItem(atPath: "\(source)/\(name)", toPath: copy)
      }
      return
    }
  }
}

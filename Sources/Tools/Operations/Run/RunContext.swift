package import RunReports

/// What the steps of a run share.
package struct RunContext: Sendable {
  package let recipe: Recipe
  package let prompts: PromptSplit
  package let folder: RunFolder
  package let journal: Journal
  package let connections: ServiceConnections
  package let progress: any RunProgress
  /// Name of the run, its dataset and its adapters at the services.
  package let runID: String
  package let retrying: Retrying

  package init(
    recipe: Recipe,
    prompts: PromptSplit,
    folder: RunFolder,
    journal: Journal,
    connections: ServiceConnections,
    progress: any RunProgress,
    runID: String
  ) {
    self.recipe = recipe
    self.prompts = prompts
    self.folder = folder
    self.journal = journal
    self.connections = connections
    self.progress = progress
    self.runID = runID
    retrying = Retrying { notice in
      switch notice {
      case .waiting(let call, let reason):
        try journal.record(
          "waiting",
          [JSONMember("call", .string(call)), JSONMember("detail", .string(reason))]
        )
        progress.note("\(call): the service is away, trying again (\(reason))")
      case .recovered(let call, let after):
        let seconds = Double(after.components.seconds)
        try journal.record(
          "recovered",
          [JSONMember("call", .string(call)), JSONMember("after_seconds", .number(seconds))]
        )
        progress.note("\(call): going on after \(Figure.duration(seconds: seconds))")
      }
    }
  }
}

internal import JSON
package import RunReports

/// What the steps of a run share.
package struct RunContext: Sendable {
  /// What the run does.
  package let recipe: Recipe
  /// Its prompts, split.
  package let prompts: PromptSplit
  /// Its files.
  package let folder: RunFolder
  /// Where events are written down.
  package let journal: Journal
  /// The services.
  package let connections: ServiceConnections
  /// Where it says how far it is.
  package let progress: any RunProgress
  /// Name of the run, its dataset and its adapters at the services.
  package let runID: String
  /// Makes calls again while a service is away, and writes that down.
  package let retrying: Retrying

  /// Puts the parts together.
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

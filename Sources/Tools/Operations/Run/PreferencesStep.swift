internal import JSON
internal import Messages
internal import RPC
internal import RunReports
internal import ServiceStubs

/// Trains one preference model for each principle.
struct PreferencesStep {
  let context: RunContext

  func run() async throws -> [JSONMember] {
    let recipe = context.recipe
    let request = TrainPreferencesRequest(
      datasetID: context.runID,
      principleIDs: recipe.principleIDs,
      adapterID: context.runID,
      hyperparameters: recipe.preferences.message,
      seed: UInt64(recipe.seed)
    )
    let context = context
    let finished = try await context.retrying("training preference models") { succeeded in
      try await context.connections.preferenceModel.train(request) { replies in
        var finished: TrainPreferencesFinished?
        for try await reply in replies {
          try succeeded()
          switch reply.kind {
          case .started(let started): try record(started)
          case .progress(let progress):
            context.progress.update(PreferenceRecord.progress(progress))
          case .finished(let message): finished = message
          case nil: break
          }
        }
        return finished
      }
    }
    guard let finished, !finished.reports.isEmpty else {
      throw OperationsError.failed("the training of preference models ended without a result")
    }
    return [
      JSONMember("reused", .bool(finished.reused)),
      JSONMember("reports", .array(finished.reports.map(PreferenceRecord.json))),
    ]
  }

  private func record(_ started: TrainPreferencesStarted) throws {
    let settings = started.hyperparameters.map(PreferencesSection.json) ?? .null
    try context.journal.record(
      "preferences_settings",
      [
        JSONMember("training_pairs", .integer(Int(clamping: started.trainingPairs))),
        JSONMember("held_out_pairs", .integer(Int(clamping: started.heldOutPairs))),
        JSONMember("settings", settings),
      ]
    )
  }
}

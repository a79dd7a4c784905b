internal import ArgumentParser
internal import JSON
internal import Messages
internal import Operations
internal import RPC
internal import RunReports
internal import ServiceStubs

/// `morlaif train-preferences`.
struct TrainPreferences: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-preferences",
    abstract: "Trains a preference model for each principle of a labelled dataset.",
    discussion: """
      Settings are those of the section 'preferences' of a recipe; what is not set the service chooses. Training the same \
      again is answered at once unless --force. Prints a table of held-out agreement, or with --json a line for each \
      model.

      Example:
        morlaif train-preferences --dataset mine --adapter first --set epochs=2 --set learning_rate=2e-4
      """
  )

  @Option(name: .long, help: "Dataset at the labeler.")
  var dataset: String

  @Option(name: .long, help: "Name of the adapters that are made.")
  var adapter: String

  @Option(
    name: .long,
    parsing: .singleValue,
    help: "Principle to learn; may be repeated; all that have labels when left out."
  )
  var principle: [String] = []

  @Option(name: .long, help: "Seed of initialisation, split and shuffling.")
  var seed: UInt64 = 1

  @Option(
    name: .long,
    parsing: .singleValue,
    help: ArgumentHelp("A setting, as in epochs=2; may be repeated.", valueName: "name=value")
  )
  var set: [String] = []

  @Flag(name: .long, help: "Train again even if the same models exist.")
  var force = false

  @Flag(name: .long, help: "Print a JSON line for each model.")
  var json = false

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await Diagnostics.report {
      let request = TrainPreferencesRequest(
        datasetID: dataset,
        principleIDs: principle,
        adapterID: adapter,
        hyperparameters: try SettingList(set).preferences(),
        seed: seed,
        force: force
      )
      let progress = TerminalProgress()
      let finished = try await connection.withConnections { connections in
        defer { progress.end() }
        return try await connections.preferenceModel.train(request) { replies in
          var finished: TrainPreferencesFinished?
          for try await reply in replies {
            switch reply.kind {
            case .progress(let update): progress.update(PreferenceRecord.progress(update))
            case .finished(let message): finished = message
            case .started, nil: break
            }
          }
          return finished
        }
      }
      guard let finished else {
        throw OperationsError.failed("the training ended without a result")
      }
      try show(finished)
    }
  }

  private func show(_ finished: TrainPreferencesFinished) throws {
    if json {
      for report in finished.reports { try Output.line(PreferenceRecord.json(report).line) }
      return
    }
    let rows = finished.reports.map { report in
      let held = report.heldOut ?? PreferenceEvaluation()
      return [
        report.source?.principleID ?? "", String(held.pairs), Figure.percent(held.accuracy, 1),
        "\(Figure.percent(held.accuracyLow)) to \(Figure.percent(held.accuracyHigh))",
        Figure.percent(held.clearAccuracy, 1), Figure.fixed(held.calibrationError, 3),
        Figure.fixed(held.lengthCorrelation, 2),
      ]
    }
    try Output.table(
      TextTable(
        header: [
          "principle", "pairs", "accuracy", "95 %", "clear half", "calibration error",
          "length corr.",
        ],
        rows: rows,
        rightAligned: [1, 2, 3, 4, 5, 6]
      )
    )
    if finished.reused { Output.note("these models existed already; --force trains again") }
  }
}

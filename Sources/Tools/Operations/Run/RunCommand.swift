internal import Foundation
internal import JSON
internal import Messages
package import RunReports
internal import ServiceStubs

/// Takes a recipe through all its steps, and a broken run on from where it stopped.
package struct RunCommand: Sendable {
  private let context: RunContext

  /// Takes a run that was opened.
  package init(context: RunContext) {
    self.context = context
  }

  /// Opens a run folder: a new one gets the recipe and a name, an existing one must hold the same
  /// recipe.
  ///
  /// - Parameters:
  ///   - recipe: resolved.
  ///   - prompts: of the recipe.
  ///   - output: folder of the run.
  ///   - connections: clients of the services.
  ///   - progress: where to say how far it is.
  ///   - now: Unix time, seconds.
  /// - Returns: a run ready to go on.
  /// - Throws: `failed` when the folder holds a run of another recipe.
  package static func open(
    recipe: Recipe,
    prompts: PromptSplit,
    output: String,
    connections: ServiceConnections,
    progress: any RunProgress,
    now: @escaping @Sendable () -> Double
  ) throws -> RunCommand {
    let folder = try RunFolder(path: output)
    let journal = try Journal(path: folder.journal, now: now)
    if let last = journal.events.last, last.kind == "line_dropped" {
      progress.note("\(folder.journal): a crash cut its last line short; it is left out")
    }
    let state = RunState(events: journal.events)
    let runID: String
    if let known = state.runID {
      let stored = try TextFile.read(path: folder.recipe)
      guard stored == recipe.yaml else {
        throw OperationsError.failed(
          "\(output) holds a run of another recipe (see its recipe.yaml); choose another --output"
        )
      }
      runID = known
      try journal.record("run_resumed", [JSONMember("run_id", .string(runID))])
    } else {
      runID = "\(recipe.name)-\(stamp(unixSeconds: now()))"
      try TextFile.write(recipe.yaml, path: folder.recipe)
      try journal.record(
        "run_started",
        [
          JSONMember("run_id", .string(runID)), JSONMember("seed", .integer(recipe.seed)),
          JSONMember("training_prompts", .integer(prompts.training.count)),
          JSONMember("held_out_prompts", .integer(prompts.heldOut.count)),
        ]
      )
    }
    return RunCommand(
      context: RunContext(
        recipe: recipe,
        prompts: prompts,
        folder: folder,
        journal: journal,
        connections: connections,
        progress: progress,
        runID: runID
      )
    )
  }

  /// Does every step that is not finished.
  /// - Throws: what stopped a step; the journal has it too.
  package func run() async throws -> RunSummary {
    let journal = context.journal
    if RunState(events: journal.events).next != nil { try await checkModel() }
    while let step = RunState(events: journal.events).next {
      context.progress.note("\(step.rawValue): begins")
      try journal.record("step_started", [JSONMember("step", .string(step.rawValue))])
      do {
        let fields = try await perform(step)
        try await recordMemory()
        try journal.record(
          "step_finished",
          [JSONMember("step", .string(step.rawValue))] + fields
        )
      } catch {
        try journal.record(
          "step_failed",
          [
            JSONMember("step", .string(step.rawValue)), JSONMember("detail", .string("\(error)")),
          ]
        )
        throw error
      }
      let seconds = RunState(events: journal.events).seconds[step]
      context.progress.note("\(step.rawValue): done in \(Figure.duration(seconds: seconds))")
    }
    try journal.record("run_finished")
    return try ReportBuilder(recipe: context.recipe, folder: context.folder).write()
  }

  private func perform(_ step: RunState.Step) async throws -> [JSONMember] {
    switch step {
    case .label: return try await LabelStep(context: context).run()
    case .preferences: return try await PreferencesStep(context: context).run()
    case .scalarizer: return try await ScalarizerStep(context: context).run()
    case .policy:
      let board = try TensorBoardWriter(
        directory: context.folder.tensorBoard,
        host: ProcessInfo.processInfo.hostName,
        process: ProcessInfo.processInfo.processIdentifier,
        now: { Date().timeIntervalSince1970 }
      )
      let metrics = try MetricsLog(path: context.folder.metrics, tensorBoard: board)
      let answers = try AnswersLog(path: context.folder.answers)
      return try await PolicyStep(context: context, metrics: metrics, answers: answers).run()
    case .evaluate: return try await EvaluateStep(context: context).run()
    case .report: return try await ReportStep(context: context).run()
    }
  }

  /// A run on another model than the recipe's would end with figures that mean something else.
  private func checkModel() async throws {
    let context = context
    let status = try await context.retrying("asking the policy-trainer for its model") { _ in
      try await context.connections.policyTrainer.status(StatusRequest())
    }
    guard context.recipe.model.isEmpty || status.modelID == context.recipe.model else {
      throw OperationsError.settings(
        file: context.folder.recipe,
        keyPath: "model",
        reason: "the recipe wants '\(context.recipe.model)' and the policy-trainer has loaded "
          + "'\(status.modelID)'; change one of them"
      )
    }
    let began = context.journal.events.first { $0.kind == "model" }?["model"]?.text
    guard began == nil || began == status.modelID else {
      throw OperationsError.settings(
        file: context.folder.recipe,
        keyPath: "model",
        reason: "the run began with '\(began ?? "")' and the policy-trainer has loaded "
          + "'\(status.modelID)'; load the first again or choose another --output"
      )
    }
    try context.journal.record("model", [JSONMember("model", .string(status.modelID))])
  }

  /// Notes the services' largest memory; a service that cannot say is left out.
  private func recordMemory() async throws {
    var peaks: [JSONMember] = []
    for name in ServiceName.allCases {
      let metrics = try? await context.connections.metrics(of: name, timeout: .seconds(10))
      if let bytes = metrics?["process_resident_memory_peak_bytes"] {
        peaks.append(JSONMember(name.rawValue, .number(bytes)))
      }
    }
    try context.journal.record("memory", [JSONMember("peak_bytes", .object(peaks))])
  }

  /// "20261122-110315", universal time.
  package static func stamp(unixSeconds: Double) -> String {
    let text = Figure.moment(unixSeconds: unixSeconds).prefix(16)
    let seconds = Int(unixSeconds) % 60
    let digits = String(text.filter(\.isNumber))
    let tail = seconds < 10 ? "0\(seconds)" : "\(seconds)"
    return "\(digits.prefix(8))-\(digits.dropFirst(8))\(tail)"
  }
}

internal import JSON
internal import Messages
internal import RPC
internal import RunReports
internal import ServiceStubs
internal import Synchronization

/// Starts the training of the policy, or attaches to it, and writes down what it reports.
struct PolicyStep {
  let context: RunContext
  let metrics: MetricsLog
  let answers: AnswersLog

  /// How many answers of a step TensorBoard shows.
  private static let shownAnswers = 4

  /// What has been written down already: the trainer repeats its steps and events to whoever
  /// attaches.
  private struct Seen: Sendable {
    var events = Set<String>()
    var version: UInt64?
    var endpoint = ""
    var step: UInt32 = 0
  }

  func run() async throws -> [JSONMember] {
    let recipe = context.recipe
    let request = TrainPolicyRequest(
      runID: context.runID,
      prompts: context.prompts.training,
      principleIDs: recipe.principleIDs,
      adapterID: context.runID,
      hyperparameters: recipe.policy.message,
      // Rollouts come from the whole distribution: any cut of it makes the KL wrong (PEERS 4, item
      // 10).
      sampling: SamplingOptions(
        temperature: recipe.policy.temperature > 0
          ? recipe.policy.temperature : recipe.sampling.options.temperature,
        tokensMax: UInt32(clamping: recipe.sampling.options.tokensMax)
      ),
      seed: UInt64(recipe.seed)
    )
    let seen = Mutex(Self.seen(in: context.journal.events))
    let context = context
    let finished = try await context.retrying("training the policy") { succeeded in
      let finished = try await context.connections.policyTrainer.train(request) { replies in
        var finished: TrainPolicyFinished?
        for try await reply in replies {
          try succeeded()
          switch reply.kind {
          case .started(let started): try record(started)
          case .step(let step): try record(step, seen)
          case .event(let event): try record(event, seen)
          case .finished(let message): finished = message
          case nil: break
          }
        }
        return finished
      }
      guard let finished else {
        // The trainer was stopped in good order; a new one resumes from the checkpoint.
        throw TrainerLeft.error
      }
      return finished
    }
    return try conclude(finished)
  }

  /// Journal fields of a finished training.
  private func conclude(_ finished: TrainPolicyFinished) throws -> [JSONMember] {
    let runs = try versionRuns()
    try context.journal.record("scalarizer_versions", [JSONMember("versions", .array(runs))])
    let fields = [
      JSONMember("outcome", .string(finished.outcome)),
      JSONMember("steps_done", .integer(Int(finished.stepsDone))),
      JSONMember("detail", .string(finished.detail)),
      JSONMember("checkpoint", .string(finished.checkpointPath)),
      JSONMember("adapter", .string(finished.adapterPath)),
    ]
    guard finished.outcome == "completed" || finished.outcome == "kl_stop" else {
      try context.journal.record("policy_ended", fields)
      throw OperationsError.failed(
        "the training of the policy ended as \"\(finished.outcome)\": \(finished.detail)"
      )
    }
    return fields
  }

  /// Which version scored which steps, from the metrics.
  private func versionRuns() throws -> [JSONValue] {
    var runs: [(first: StepMetrics, last: StepMetrics)] = []
    for step in try MetricsLog.read(path: context.folder.metrics) {
      if let run = runs.last, run.last.configurationHash == step.configurationHash,
        run.last.configurationVersion == step.configurationVersion,
        run.last.scalarizerEndpoint == step.scalarizerEndpoint
      {
        runs[runs.count - 1].last = step
      } else {
        runs.append((step, step))
      }
    }
    return runs.map { run in
      [
        "version": .integer(run.first.configurationVersion),
        "hash": .string(run.first.configurationHash),
        "endpoint": .string(run.first.scalarizerEndpoint),
        "first_step": .integer(run.first.step), "last_step": .integer(run.last.step),
      ]
    }
  }

  private func record(_ started: TrainPolicyStarted) throws {
    let settings = started.hyperparameters.map(PolicySection.json) ?? .null
    try context.journal.record(
      "policy_attached",
      [
        JSONMember("run_id", .string(started.runID)),
        JSONMember("first_step", .integer(Int(started.firstStep))),
        JSONMember("settings", settings),
      ]
    )
  }

  private func record(_ step: TrainPolicyStep, _ seen: borrowing Mutex<Seen>) throws {
    let metricsOfStep = StepMetrics(
      step: Int(step.step),
      seconds: step.seconds,
      configurationVersion: Int(clamping: step.configurationVersion),
      configurationHash: step.configurationHash,
      scalarizerEndpoint: step.scalarizerEndpoint,
      values: step.metrics.map { ($0.name, $0.value) }
    )
    let shown = step.samples.prefix(Self.shownAnswers).enumerated().map { index, sample in
      let scores = zip(step.sources, sample.scores)
        .map { "\($0.principleID) \(Figure.fixed($1, 2))" }.joined(separator: ", ")
      return (
        tag: "answers/\(index + 1)",
        text: "\(sample.item?.prompt ?? "")\n\n> \(sample.item?.response ?? "")\n\n"
          + "reward \(Figure.fixed(sample.reward, 2)); \(scores)"
      )
    }
    // Answers first: a step whose metrics are there is not looked at again.
    if !metrics.knows(metricsOfStep) { try answers.record(step) }
    let isNew = try metrics.record(metricsOfStep, texts: shown)
    let change = seen.withLock { seen in
      let changed =
        seen.version.map {
          $0 != step.configurationVersion || seen.endpoint != step.scalarizerEndpoint
        }
        ?? false
      let before = seen.version
      seen.version = step.configurationVersion
      seen.endpoint = step.scalarizerEndpoint
      seen.step = step.step
      return isNew && changed ? before : nil
    }
    if let before = change {
      try context.journal.record(
        "scalarizer_version_changed",
        [
          JSONMember("first_step", .integer(Int(step.step))),
          JSONMember("from_version", .integer(Int(clamping: before))),
          JSONMember("to_version", .integer(Int(clamping: step.configurationVersion))),
          JSONMember("to_hash", .string(step.configurationHash)),
          JSONMember("endpoint", .string(step.scalarizerEndpoint)),
        ]
      )
      context.progress.note(
        "policy: step \(step.step) is the first that scalarizer version \(step.configurationVersion) scored"
      )
    }
    show(step, metricsOfStep)
  }

  private func record(_ event: TrainPolicyEvent, _ seen: borrowing Mutex<Seen>) throws {
    let key = Self.key(event.kind, step: Int(event.step), time: event.time)
    guard seen.withLock({ $0.events.insert(key).inserted }) else { return }
    try context.journal.record(
      event.kind,
      [
        JSONMember("at_step", .integer(Int(event.step))),
        JSONMember("detail", .string(event.detail)),
        JSONMember("trainer_time", .number(event.time)),
      ]
    )
    if event.kind != "checkpoint" {
      context.progress.note(
        "policy: \(event.kind.replacing("_", with: " ")), step \(event.step): \(event.detail)"
      )
    }
  }

  /// The events that an earlier attachment wrote down.
  private static func seen(in events: [JournalEvent]) -> Seen {
    var seen = Seen()
    for event in events {
      guard let time = event["trainer_time"]?.double, let step = event["at_step"]?.whole
      else { continue }
      seen.events.insert(key(event.kind, step: step, time: time))
    }
    return seen
  }

  /// What makes an event the same event.
  ///
  /// Those that follow from a step come again, later, when a trainer goes on from a checkpoint.
  private static func key(_ kind: String, step: Int, time: Double) -> String {
    let followsFromStep =
      kind.hasPrefix("watch_")
      || ["kl_alert", "scalarizer_reconfigured", "checkpoint"].contains(kind)
    return followsFromStep ? "\(kind) \(step)" : "\(kind) \(step) \(time)"
  }

  private func show(_ step: TrainPolicyStep, _ values: StepMetrics) {
    func value(_ names: [String], _ digits: Int) -> String {
      Figure.fixed(names.lazy.compactMap { values[$0] }.first, digits)
    }
    context.progress.update(
      ProgressUpdate(
        work: "step",
        done: Double(step.step),
        total: Double(step.steps),
        detail: "reward \(value(["objective/scores", "objective/rlhf_reward"], 2)), "
          + "KL \(value(["objective/kl"], 2)), "
          + "\(value(["response/length_mean"], 0)) tokens, \(Figure.fixed(step.seconds, 1)) s",
        secondsLeft: step.secondsLeft > 0 ? step.secondsLeft : nil
      )
    )
  }
}

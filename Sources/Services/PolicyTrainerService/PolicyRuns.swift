internal import LanguageModels
internal import Logging
internal import Messages
internal import ModelKit
internal import PolicyOptimization
internal import ProtobufRuntime
internal import ServiceKit
internal import ServiceLifecycle
internal import ServiceStubs
internal import Synchronization

/// The runs of the service: one at a time is under way, all of them are in the data folder.
final class PolicyRuns: Service {
  /// The run under way or the one that ran last.
  private struct Current: Sendable {
    let id: String
    let request: TrainPolicyRequest
    let stepCount: Int
    let control: RunControl
    /// Nil until the run has begun.
    var source: RemoteRewardSource?
  }

  private struct State {
    var current: Current?
    var scalarizer: ScalarizerLink
    var policies: [String: LowRankAdapter] = [:]
    var newestPolicy: String?
  }

  let base: BaseModel
  private let configuration: PolicyTrainerServiceConfiguration
  private let folder: String
  private let peers: PeerConnections
  private let preferenceModel: PreferenceModelClient
  private let preferenceModelName: String
  private let thread: WorkThread
  private let logger: Logger
  private let state: Mutex<State>
  private let runner: JobRunner<RunEvent>
  /// Held while a run is started, so that two callers cannot start the same one.
  private let starting = Mutex(())

  /// Prepares the runs of a data folder.
  init(
    base: BaseModel,
    configuration: PolicyTrainerServiceConfiguration,
    thread: WorkThread,
    in context: ServiceContext
  ) throws {
    self.base = base
    self.configuration = configuration
    self.thread = thread
    folder = try context.data.folder("runs")
    peers = context.peers
    logger = context.logger
    let model = try context.peers.section(of: "preference_model")
    preferenceModel = PreferenceModelClient(
      context.peers.client(to: model, service: "preference-model")
    )
    preferenceModelName = "preference-model \(model.endpoint)"
    let scalarizer = try context.peers.section(of: "scalarizer")
    state = Mutex(State(scalarizer: ScalarizerLink(scalarizer, peers: context.peers)))
    let stop = StopHandle()
    runner = JobRunner(requestStop: { stop.stop() })
    stop.set { [weak self] in self?.current?.control.stop() }
  }

  /// Where the preference models are, for `Status`.
  var preferenceModelEndpoint: String {
    preferenceModelName.split(separator: " ").last.map(String.init) ?? ""
  }

  /// Waits for the shutdown, then stops the run under way and waits for its checkpoint.
  func run() async throws {
    try await runner.run()
  }

  /// Starts a run, goes on with one from its checkpoint, or attaches to it; then gives every event to
  /// `body` until the run is over.
  func train(
    _ request: TrainPolicyRequest,
    _ body: (TrainPolicyReply) async throws -> Void
  ) async throws {
    let id = try MessageChecks.fileName(request.runID, "run_id")
    if let job = runner.latest, job.id == id, runner.runningID == id {
      try checkSame(request, try runFolder(id).storedRequest(), id)
      return try await follow(job.events, body)
    }
    let run = runFolder(id)
    let stored = try run.storedRequest()
    if let stored { try checkSame(request, stored, id) }
    let wanted = request.prompts.isEmpty ? stored ?? request : request
    let settings = try RunSettings(
      wanted,
      layerCount: base.model.configuration.layerCount,
      answerTokensMax: configuration.answerTokensMax
    )
    if let entries = try finishedEntries(run) {
      return try await replay(entries, wanted, settings, body)
    }
    let job = try starting.withLock { _ in try start(run, wanted, settings) }
    try await follow(job.events, body)
  }

  /// The control of the run under way.
  func control() throws(PolicyTrainerServiceError) -> RunControl {
    guard runner.runningID != nil, let control = current?.control else { throw .noRun }
    return control
  }

  /// Points the trainer at another scalarizer after it passed the checks.
  func swap(to section: PeerSection) async throws -> (CheckedRewards, firstStep: Int) {
    let link = ScalarizerLink(section, peers: peers)
    let running = runner.runningID == nil ? nil : current
    let known = running?.source?.origin?.sources ?? []
    let asked = running?.request.principleIDs ?? []
    let sources =
      known.isEmpty
      ? asked.map { ScoreSource(principleID: $0, mean: 0, standardDeviation: 1) } : known
    let probe: CheckedRewards
    do {
      probe = try await link.check(sources: sources)
    } catch {
      running?.source?.reportRefusal("\(error)")
      throw error
    }
    state.withLock { $0.scalarizer = link }
    guard let running, runner.runningID == running.id else { return (probe, 0) }
    let firstStep = running.control.swap(to: link)
    var history = try ScalarizerHistory(path: runFolder(running.id).scalarizersPath)
    try history.keep(section, firstStep: firstStep)
    return (probe, firstStep)
  }

  /// The newest checkpoint, written now when a run is under way.
  func checkpoint() async throws -> CheckpointReply {
    if runner.runningID != nil, let control = current?.control {
      return try await control.requestCheckpoint()
    }
    guard let id = try newestRunID(), let found = try runFolder(id).checkpoints.newest() else {
      throw PolicyTrainerServiceError.noRun
    }
    return CheckpointReply(
      path: found.path,
      step: UInt32(clamping: found.checkpoint.header.step)
    )
  }

  /// The policy of a run; of the newest for an empty id.
  func policy(_ id: String) throws -> LowRankAdapter {
    let (name, kept) = state.withLock { state in
      let name = id.isEmpty ? state.newestPolicy ?? "" : id
      return (name, state.policies[name])
    }
    if let kept { return kept }
    guard let found = name.isEmpty ? try newestRunID() : name else {
      throw PolicyTrainerServiceError.unknownRun(id: "newest")
    }
    let run = runFolder(try MessageChecks.fileName(found, "run_id"))
    guard run.hasAdapter else { throw PolicyTrainerServiceError.unknownRun(id: found) }
    return try run.adapter(base)
  }

  /// The folder of a run with a checkpoint; of the newest for an empty id.
  func savedRun(_ id: String) throws -> RunFolder {
    guard let name = id.isEmpty ? try newestRunID() : id else {
      throw PolicyTrainerServiceError.unknownRun(id: "newest")
    }
    let run = runFolder(try MessageChecks.fileName(name, "run_id"))
    guard run.hasAdapter else { throw PolicyTrainerServiceError.unknownRun(id: name) }
    return run
  }

  /// What the service is doing.
  func status(isSampling: Bool) -> StatusReply {
    let (current, scalarizer) = state.withLock { ($0.current, $0.scalarizer) }
    let isRunning = runner.runningID != nil
    let progress = current?.control.progress
    var reply = StatusReply()
    reply.state =
      isRunning
      ? progress?.activity.rawValue ?? "training" : isSampling ? "sampling" : "idle"
    reply.runID = current?.id ?? ""
    reply.step = UInt32(clamping: progress?.step ?? 0)
    reply.steps = UInt32(clamping: current?.stepCount ?? 0)
    reply.modelID = base.id
    let inCharge = isRunning ? current?.source?.scalarizer ?? scalarizer : scalarizer
    reply.scalarizerEndpoint = inCharge.section.endpoint
    reply.configurationVersion = current?.source?.origin?.version ?? 0
    reply.preferenceModelEndpoint = preferenceModelEndpoint
    return reply
  }

  private var current: Current? { state.withLock { $0.current } }

  private func runFolder(_ id: String) -> RunFolder {
    RunFolder(id: id, path: folder + "/" + id)
  }

  /// The run whose adapter was written last.
  private func newestRunID() throws -> String? {
    if let newest = state.withLock({ $0.newestPolicy }) { return newest }
    return try FolderListing.names(in: folder)
      .map { ($0, try runFolder($0).checkpoints.newestPath().flatMap(FileTime.modified)) }
      .filter { $0.1 != nil }
      .max { ($0.1 ?? 0) < ($1.1 ?? 0) }?.0
  }

  /// Refuses a request that differs from the one that began the run; only an id attaches to anything.
  private func checkSame(
    _ request: TrainPolicyRequest,
    _ stored: TrainPolicyRequest?,
    _ id: String
  ) throws {
    guard !request.prompts.isEmpty, let stored else { return }
    guard request == stored else { throw PolicyTrainerServiceError.runDiffers(id: id) }
  }

  /// The entries of a run that got to its end by itself.
  private func finishedEntries(_ run: RunFolder) throws -> [RunEntry]? {
    let entries = try run.entries(logger: logger)
    guard let last = entries.last, last.kind == "finished",
      case .finished(let finished) = try last.message().kind,
      finished.outcome == "completed" || finished.outcome == "kl_stop"
    else { return nil }
    return entries
  }

  private func replay(
    _ entries: [RunEntry],
    _ request: TrainPolicyRequest,
    _ settings: RunSettings,
    _ body: (TrainPolicyReply) async throws -> Void
  ) async throws {
    let next = (entries.last?.step ?? 0) + 1
    try await body(started(request, settings, firstStep: next))
    for entry in entries { try await body(try entry.message()) }
  }

  private func follow(
    _ events: EventLog<RunEvent>,
    _ body: (TrainPolicyReply) async throws -> Void
  ) async throws {
    try await events.forEach { event in
      switch event {
      case .reply(let reply): try await body(reply)
      case .interrupted(let reason): throw reason
      }
    }
  }

  /// Starts the job of a run that is new or has a checkpoint to go on from.
  private func start(
    _ run: RunFolder,
    _ request: TrainPolicyRequest,
    _ settings: RunSettings
  ) throws -> JobRunner<RunEvent>.Job {
    guard !request.prompts.isEmpty else {
      throw PolicyTrainerServiceError.unknownRun(id: run.id)
    }
    try check(request)
    if let id = runner.runningID {
      if id == run.id, let job = runner.latest { return job }
      throw PolicyTrainerServiceError.otherRun(id: id)
    }
    try run.begin(request)
    try run.checkpoints.removeLeftovers()
    let checkpoint = try run.checkpoints.newest()
    let step = checkpoint?.checkpoint.header.step ?? 0
    var history = try ScalarizerHistory(path: run.scalarizersPath)
    let all = try run.entries(logger: logger)
    let isHeld = try Self.isHeld(all, pausesOnWatch: settings.pausesOnWatch)
    // Before the entries are forgotten: a kill in between must not take this away.
    try history.note(all.filter { $0.step > step }, after: step)
    let entries = try run.entriesToResume(after: step, logger: logger)
    if let swapped = history.section(atStep: step + 1) {
      state.withLock { $0.scalarizer = ScalarizerLink(swapped, peers: peers) }
    }
    let scalarizers = history
    let first = started(request, settings, firstStep: step + 1)
    let past = try entries.map { try $0.message() }
    let control = RunControl()
    if isHeld { control.setPaused(true) }
    state.withLock { state in
      state.current = Current(
        id: run.id,
        request: request,
        stepCount: settings.configuration.stepCount,
        control: control
      )
    }
    return try runner.start(id: run.id) { [self] log in
      do {
        let recorder = try RunRecorder(
          folder: run,
          log: log,
          configurationVersion: checkpoint?.checkpoint.header.rewardState.configurationVersion,
          logger: logger
        )
        recorder.announce(first)
        for reply in past { recorder.announce(reply) }
        let training = makeRun(run, request, settings, control, recorder, checkpoint, scalarizers)
        try await thread.perform { await training.run() }
      } catch {
        control.finish()
        log.append(
          .interrupted(.damagedRun(path: run.path, reason: "the run cannot start: \(error)"))
        )
      }
    }
  }

  /// Whether the run was held when it was last heard of.
  private static func isHeld(_ entries: [RunEntry], pausesOnWatch: Bool) throws -> Bool {
    var isHeld = false
    for entry in entries {
      switch try entry.message().kind {
      case .event(let event) where event.kind == "paused": isHeld = true
      case .event(let event) where event.kind.hasPrefix("watch_") && pausesOnWatch: isHeld = true
      case .event(let event) where event.kind == "resumed": isHeld = false
      case .finished: isHeld = false
      default: break
      }
    }
    return isHeld
  }

  private func makeRun(
    _ run: RunFolder,
    _ request: TrainPolicyRequest,
    _ settings: RunSettings,
    _ control: RunControl,
    _ recorder: RunRecorder,
    _ checkpoint: CheckpointStore.Found?,
    _ history: ScalarizerHistory
  ) -> TrainingRun {
    let peers = peers
    let source = RemoteRewardSource(
      preferenceModel: preferenceModel,
      preferenceModelName: preferenceModelName,
      scalarizer: state.withLock { $0.scalarizer },
      principleIDs: request.principleIDs,
      adapterID: request.adapterID,
      limits: configuration.rewards,
      control: control,
      normalization: settings.configuration.scoreNormalization,
      groupSize: settings.configuration.samplesPerPrompt,
      history: history,
      link: { ScalarizerLink($0, peers: peers) },
      report: { kind, detail in
        recorder.event(kind, step: control.progress.step, detail)
      }
    )
    state.withLock { $0.current?.source = source }
    return TrainingRun(
      folder: run,
      request: request,
      settings: settings,
      base: base,
      source: source,
      control: control,
      recorder: recorder,
      logger: logger,
      answersPerBatch: configuration.answersPerBatch,
      checkpoint: checkpoint,
      didChange: { [self] adapter in keep(adapter, of: run.id) }
    )
  }

  /// Keeps the newest policy in memory for callers who sample from it.
  private func keep(_ adapter: LowRankAdapter, of id: String) {
    state.withLock { state in
      // One policy is enough: those of earlier runs are in their folders.
      state.policies = [id: adapter]
      state.newestPolicy = id
    }
  }

  private func check(_ request: TrainPolicyRequest) throws {
    try MessageChecks.identifiers(
      request.prompts.map(\.id),
      "prompts",
      countMax: configuration.promptsMax
    )
    try MessageChecks.identifiers(request.principleIDs, "principle_ids", countMax: 1024)
  }

  private func started(
    _ request: TrainPolicyRequest,
    _ settings: RunSettings,
    firstStep: Int
  ) -> TrainPolicyReply {
    TrainPolicyReply(
      kind: .started(
        TrainPolicyStarted(
          runID: request.runID,
          hyperparameters: settings.message,
          sampling: settings.samplingMessage,
          firstStep: UInt32(clamping: firstStep)
        )
      )
    )
  }
}

/// A stop that is wired up after the object that is stopped exists.
private final class StopHandle: Sendable {
  private let action = Mutex<(@Sendable () -> Void)?>(nil)

  func set(_ action: @escaping @Sendable () -> Void) {
    self.action.withLock { $0 = action }
  }

  func stop() {
    action.withLock { $0 }?()
  }
}

import Messages
import PolicyTrainerService
import RPC
import ServiceKit
import ServiceStubs
import ServiceTesting

/// A policy trainer over the tiny model, with a preference model and a scalarizer beside it.
struct TrainerHarness: Sendable {
  let folder: TemporaryFolder
  var preferenceModel = FakePreferenceModel()
  var settings = "reward_items_per_call: 3\nreward_wait_max_seconds: 20"

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Where the run of `request` keeps its files.
  var runFolder: String { folder.path + "/runs/run" }

  /// Runs the trainer against a scalarizer.
  func run<Result: Sendable>(
    _ scalarizer: some ScalarizerHandler = FakeScalarizer(),
    _ body: @escaping @Sendable (PolicyTrainerClient) async throws -> Result
  ) async throws -> Result {
    try await TestService.run([ScalarizerService(scalarizer)]) { _, section in
      try await run(at: section, body)
    }
  }

  /// Runs the trainer against whatever is at an endpoint.
  func run<Result: Sendable>(
    at scalarizer: PeerSection,
    _ body: @escaping @Sendable (PolicyTrainerClient) async throws -> Result
  ) async throws -> Result {
    try await TestService.run([PreferenceModelService(preferenceModel)]) { _, model in
      let assembly = try await PolicyTrainerDefinition.assemble(
        TestService.configuration(
          PolicyTrainerServiceConfiguration.self,
          "model: \(TestModel.tinyChat)\n\(settings)"
        ),
        in: TestService.context(
          "policy-trainer",
          folder: folder.path,
          peers: ["preference_model": model, "scalarizer": scalarizer]
        )
      )
      return try await TestService.run(assembly) { client, _ in
        try await body(PolicyTrainerClient(client))
      }
    }
  }

  /// A run of a few small steps.
  static func request(
    _ id: String = "run",
    steps: UInt32 = 3,
    checkpointSteps: UInt32 = 1
  ) -> TrainPolicyRequest {
    var settings = PolicyHyperparameters()
    settings.rank = 2
    settings.topLayers = 1
    settings.steps = steps
    settings.promptsPerStep = 2
    settings.samplesPerPrompt = 2
    settings.epochs = 1
    settings.minibatches = 1
    settings.checkpointSteps = checkpointSteps
    settings.rewardScaling = .scaleReward(true)
    return TrainPolicyRequest(
      runID: id,
      prompts: (0..<4).map { Prompt(id: "prompt-\($0)", text: "Say \($0).") },
      principleIDs: ["a", "b"],
      hyperparameters: settings,
      sampling: SamplingOptions(tokensMax: 6),
      seed: 5
    )
  }

  /// What a run reported.
  struct Report: Sendable {
    var started: [TrainPolicyStarted] = []
    var steps: [TrainPolicyStep] = []
    var events: [TrainPolicyEvent] = []
    var finished: [TrainPolicyFinished] = []

    mutating func add(_ reply: TrainPolicyReply) {
      switch reply.kind {
      case .started(let started): self.started.append(started)
      case .step(let step): steps.append(step)
      case .event(let event): events.append(event)
      case .finished(let end): finished.append(end)
      case nil: break
      }
    }

    var eventKinds: [String] { events.map(\.kind) }
  }

  /// Trains to the end; `during` sees every reply as it comes.
  static func train(
    _ trainer: PolicyTrainerClient,
    _ request: TrainPolicyRequest = TrainerHarness.request(),
    during: @escaping @Sendable (TrainPolicyReply) async throws -> Void = { _ in }
  ) async throws -> Report {
    try await trainer.train(request) { replies in
      var report = Report()
      for try await reply in replies {
        report.add(reply)
        try await during(reply)
      }
      return report
    }
  }
}

internal import Foundation
internal import Messages
internal import ModelKit
internal import Preferences
internal import RPC
internal import ServiceKit
internal import ServiceLifecycle
internal import Synchronization

/// Trains preference models, one training at a time, on a thread of its own.
final class TrainingDesk: Service {
  private struct State {
    var isTaken = false
    var isStopping = false
  }

  private let base: BaseModel
  private let shelf: ModelShelf
  private let thread = WorkThread(name: "preference training", waitingMax: 1)
  private let state = Mutex(State())

  /// Prepares a desk that keeps its results on `shelf`.
  init(base: BaseModel, shelf: ModelShelf) {
    self.base = base
    self.shelf = shelf
  }

  /// One training as asked for.
  struct Order: Sendable {
    let adapterID: String
    let datasetID: String
    let settings: TrainingSettings
    let dataset: LabelledDataset
    let heldOut: Set<String>
    /// The principles to train with the fingerprints of their trainings.
    let fingerprints: [String: String]
    /// In the order of training.
    let principleIDs: [String]
  }

  /// Runs `body` as the only training.
  ///
  /// - Throws: FAILED_PRECONDITION while another one runs, UNAVAILABLE while the service stops.
  func exclusively<Result>(_ body: () async throws -> Result) async throws -> Result {
    try state.withLock { state throws(RPCError) in
      if state.isStopping {
        throw RPCError(code: .unavailable, message: "the service is shutting down")
      }
      if state.isTaken {
        throw RPCError(
          code: .failedPrecondition,
          message: "a training is running; wait for it or cancel its call"
        )
      }
      state.isTaken = true
    }
    defer { state.withLock { $0.isTaken = false } }
    return try await body()
  }

  /// Trains and keeps what was finished, even when the caller leaves or the service stops.
  ///
  /// `progress` is told at most twice a second and at each change of stage. Returns whether all
  /// principles were finished.
  func train(
    _ order: Order,
    progress: @escaping @Sendable (TrainPreferencesProgress) -> Void
  ) async throws -> Bool {
    try await thread.perform { [self] in
      let trainer = try PreferenceModelTrainer(
        model: base.model,
        encoder: PreferenceTextEncoder(
          tokenizer: base.tokenizer,
          tokenCountMax: order.settings.sequenceTokensMax
        ),
        configuration: order.settings.configuration,
        baseModel: base.id,
        baseModelHash: base.hash
      )
      let start = ContinuousClock.now
      var throttle = ProgressThrottle()
      let outcome = try trainer.train(
        order.principleIDs.map {
          PreferenceTask(principle: $0, pairs: order.dataset.pairs[$0] ?? [])
        },
        heldOutPrompts: order.heldOut,
        now: { ContinuousClock.now - start },
        isCancelled: { Task.isCancelled || self.state.withLock { $0.isStopping } },
        progress: { if throttle.lets($0) { progress($0.message) } }
      )
      switch outcome {
      case .finished(let artifacts):
        try keep(artifacts, order)
        return true
      case .cancelled(let artifacts):
        try keep(artifacts, order)
        return false
      }
    }
  }

  /// Waits for the shutdown and then ends the training under way at its next step.
  func run() async throws {
    try? await gracefulShutdown()
    state.withLock { $0.isStopping = true }
  }

  private func keep(_ artifacts: [PreferenceModelArtifact], _ order: Order) throws {
    for artifact in artifacts {
      _ = try shelf.install(
        artifact,
        adapterID: order.adapterID,
        datasetID: order.datasetID,
        fingerprint: order.fingerprints[artifact.principle] ?? ""
      )
    }
  }
}

/// Lets through every change of stage and otherwise two reports a second.
private struct ProgressThrottle {
  private var last: ContinuousClock.Instant?
  private var stage = ""

  mutating func lets(_ progress: PreferenceProgress) -> Bool {
    let now = ContinuousClock.now
    let current = progress.phase.rawValue + progress.principle
    if current == stage, let last, now - last < .milliseconds(500) { return false }
    stage = current
    last = now
    return true
  }
}

extension PreferenceProgress.Phase {
  /// The stage's name in the contract.
  fileprivate var stage: String {
    switch self {
    case .trunk: "trunk"
    case .sharedTraining: "shared_training"
    case .training: "training"
    case .measuring: "evaluation"
    }
  }
}

extension PreferenceProgress {
  /// The contract's form.
  fileprivate var message: TrainPreferencesProgress {
    TrainPreferencesProgress(
      principleID: principle,
      stage: phase.stage,
      done: UInt64(max(0, step)),
      total: UInt64(max(0, stepCount)),
      loss: loss ?? 0,
      tokensPerSecond: tokensPerSecond.isFinite ? tokensPerSecond : 0,
      secondsLeft: secondsLeft.isFinite ? secondsLeft : 0
    )
  }
}

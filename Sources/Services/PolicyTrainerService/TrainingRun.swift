internal import Foundation
internal import LanguageModels
internal import Logging
internal import Messages
internal import ModelKit
internal import PolicyOptimization
internal import ServiceKit
internal import ServiceStubs
internal import Synchronization
internal import Tokenization

/// What a listener of a run is told.
enum RunEvent: Sendable {
  /// A message for the caller.
  case reply(TrainPolicyReply)
  /// The stream ends without the run being over.
  case interrupted(PolicyTrainerServiceError)
}

/// One run of PPO from its first or its resumed step to its end.
struct TrainingRun: Sendable {
  let folder: RunFolder
  let request: TrainPolicyRequest
  let settings: RunSettings
  let base: BaseModel
  let source: RemoteRewardSource
  let control: RunControl
  let recorder: RunRecorder
  let logger: Logger
  let answersPerBatch: Int
  /// Told the policy after each step, for callers who sample from it.
  let didChange: @Sendable (LowRankAdapter) -> Void

  /// Trains until the last step, a caller's or the shutdown's wish, or a failure; reports all of it.
  func run() async {
    let began = ContinuousClock.now
    var trainer: PPOTrainer?
    do {
      var started = try makeTrainer()
      trainer = started
      let outcome = try await train(&started, began) { trainer = $0 }
      try save(started)
      finish(outcome, nil, started, began)
    } catch {
      end(error, trainer, began)
    }
    control.finish()
  }

  private func makeTrainer() throws -> PPOTrainer {
    let prompts = try request.prompts.map { prompt in
      PolicyPrompt(text: prompt.text, tokens: try base.promptTokens(prompt.text))
    }
    let tokenizer = base.tokenizer
    var trainer = try PPOTrainer(
      model: base.model,
      sampler: GeneratorSampler(model: base.model, batchMax: answersPerBatch),
      prompts: prompts,
      configuration: settings.configuration,
      stopTokens: tokenizer.eosTokenIDs,
      decode: { tokenizer.decode($0, skipSpecial: true) }
    )
    if let checkpoint = try folder.checkpoint() { try trainer.restore(checkpoint) }
    return trainer
  }

  /// Makes the steps; `didStep` is given the trainer after each.
  private func train(
    _ trainer: inout PPOTrainer,
    _ began: ContinuousClock.Instant,
    didStep: (PPOTrainer) -> Void
  ) async throws -> String {
    let firstStep = trainer.state.step
    while !trainer.isFinished {
      try await betweenSteps(trainer)
      control.report(.training, step: trainer.state.step)
      let stepBegan = ContinuousClock.now
      let report = try await trainer.step(
        source,
        now: { ContinuousClock.now - began },
        isCancelled: { [control] in control.isStopping }
      )
      didStep(trainer)
      didChange(trainer.state.adapter)
      let seconds = (ContinuousClock.now - stepBegan).seconds
      let perStep = (ContinuousClock.now - began).seconds / Double(report.step - firstStep)
      let left = perStep * Double(settings.configuration.stepCount - report.step)
      try record(report, seconds: seconds, secondsLeft: left)
      if report.step % settings.checkpointSteps == 0, !trainer.isFinished {
        try saveWithEvent(trainer)
      }
      if let limit = settings.klStop, report[.kl] > limit {
        recorder.event("kl_alert", step: report.step, "KL \(report[.kl]) is above kl_stop \(limit)")
        return "kl_stop"
      }
    }
    return "completed"
  }

  /// Does what callers asked for: swap, checkpoint, pause, cancel.
  private func betweenSteps(_ trainer: PPOTrainer) async throws {
    let step = trainer.state.step
    var wasPaused = false
    while true {
      if let reason = control.stopReason { throw reason }
      source.applySwap()
      if control.wantsCheckpoint { answerCheckpoint(trainer) }
      guard control.isPaused else { break }
      if !wasPaused {
        wasPaused = true
        control.report(.paused, step: step)
        recorder.event("paused", step: step, "")
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    if wasPaused { recorder.event("resumed", step: step, "") }
  }

  private func answerCheckpoint(_ trainer: PPOTrainer) {
    control.answerCheckpoints(
      Result {
        try saveWithEvent(trainer)
        return CheckpointReply(
          path: folder.checkpointPath,
          step: UInt32(clamping: trainer.state.step)
        )
      }
    )
  }

  private func save(_ trainer: PPOTrainer) throws {
    try folder.save(trainer, base: base)
  }

  private func saveWithEvent(_ trainer: PPOTrainer) throws {
    try save(trainer)
    recorder.event("checkpoint", step: trainer.state.step, folder.checkpointPath)
  }

  /// Reports a step and what people should look at.
  private func record(_ report: PPOStepReport, seconds: Double, secondsLeft: Double) throws {
    guard let origin = source.origin else { return }
    if let earlier = recorder.noteConfiguration(report.configurationVersion) {
      recorder.event(
        "scalarizer_reconfigured",
        step: report.step,
        "\(earlier) -> \(report.configurationVersion) at \(origin.endpoint)"
      )
    }
    if report[.klAlert] > 0 {
      recorder.event("kl_alert", step: report.step, "KL \(report[.kl]) nats a sequence")
    }
    for warning in report.warnings {
      logger.warning("\(warning)", metadata: ["run": "\(folder.id)", "step": "\(report.step)"])
    }
    let width = report.principles.count
    let samples = report.answers.enumerated().map { index, answer in
      ScoredSample(
        item: TextItem(
          id: "answer-\(index)",
          prompt: answer.prompt,
          response: answer.response
        ),
        scores: answer.scores,
        reward: answer.reward,
        contributions: Array(origin.contributions[index * width..<(index + 1) * width])
      )
    }
    try recorder.record(
      TrainPolicyReply(
        kind: .step(
          TrainPolicyStep(
            step: UInt32(clamping: report.step),
            steps: UInt32(clamping: settings.configuration.stepCount),
            metrics: report.flattened().map { Metric(name: $0.name, value: $0.value) },
            samples: samples,
            configurationVersion: origin.version,
            configurationHash: origin.hash,
            scalarizerEndpoint: origin.endpoint,
            seconds: seconds,
            secondsLeft: max(0, secondsLeft),
            sources: origin.sources
          )
        )
      )
    )
  }

  /// Ends a run that did not get to its last step, with a checkpoint of what it has.
  private func end(_ error: any Error, _ trainer: PPOTrainer?, _ began: ContinuousClock.Instant) {
    var detail = (error as? PolicyTrainerServiceError)?.description ?? "\(error)"
    do {
      if let trainer, trainer.state.step > 0 { try save(trainer) }
    } catch {
      detail += "; the checkpoint could not be written: \(error)"
    }
    if control.isStopping {
      recorder.interrupt(.stopping)
      return
    }
    let isCancelled = (error as? PolicyTrainerServiceError) == .cancelled
    finish(isCancelled ? "cancelled" : "failed", detail, trainer, began)
  }

  private func finish(
    _ outcome: String,
    _ detail: String?,
    _ trainer: PPOTrainer?,
    _ began: ContinuousClock.Instant
  ) {
    logger.notice(
      "run ended",
      metadata: ["run": "\(folder.id)", "outcome": "\(outcome)", "detail": "\(detail ?? "")"]
    )
    let reply = TrainPolicyReply(
      kind: .finished(
        TrainPolicyFinished(
          outcome: outcome,
          detail: detail ?? "",
          stepsDone: UInt32(clamping: trainer?.state.step ?? 0),
          checkpointPath: folder.checkpointPath,
          adapterPath: folder.adapterPath,
          seconds: (ContinuousClock.now - began).seconds
        )
      )
    )
    do {
      try recorder.record(reply)
    } catch {
      recorder.interrupt(.damagedRun(path: folder.eventsPath, reason: "\(error)"))
    }
  }
}

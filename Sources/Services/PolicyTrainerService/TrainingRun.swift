internal import Foundation
internal import LanguageModels
internal import Logging
internal import Messages
internal import ModelKit
internal import PolicyOptimization
internal import ServiceKit
internal import ServiceStubs
internal import Synchronization
internal import Tensors
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
  /// Where the run goes on; nil at its beginning.
  let checkpoint: CheckpointStore.Found?
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
      _ = try save(started)
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
    guard let checkpoint else { return trainer }
    for reason in checkpoint.damaged {
      recorder.event("checkpoint_damaged", step: checkpoint.checkpoint.header.step, reason)
    }
    do {
      try trainer.restore(checkpoint.checkpoint, baseModel: base.hash)
    } catch {
      throw PolicyTrainerServiceError.damagedRun(path: checkpoint.path, reason: "\(error)")
    }
    tellRestored(checkpoint)
    return trainer
  }

  private func tellRestored(_ found: CheckpointStore.Found) {
    let header = found.checkpoint.header
    var detail = found.path
    let threads = header.surroundings.threadCount
    if threads != Threads.count {
      detail +=
        "; it was written with \(threads) threads and this process has \(Threads.count), "
        + "so sums may round differently"
    }
    let precision = header.surroundings.precision ?? .float32
    if precision != base.precision {
      detail +=
        "; it was written with weights in \(precision.rawValue) and this process has them in "
        + "\(base.precision.rawValue), so the run goes on a little differently"
    }
    recorder.event("restored", step: header.step, detail)
  }

  /// Makes the steps; `didStep` is given the trainer after each.
  private func train(
    _ trainer: inout PPOTrainer,
    _ began: ContinuousClock.Instant,
    didStep: (PPOTrainer) -> Void
  ) async throws -> String {
    let firstStep = trainer.state.step
    var saved = ContinuousClock.now
    while !trainer.isFinished {
      control.report(.training, step: trainer.state.step)
      if try await betweenSteps(trainer) { saved = .now }
      control.report(.training, step: trainer.state.step)
      let stepBegan = ContinuousClock.now
      let report = try await trainer.step(
        source,
        now: { ContinuousClock.now - began },
        isCancelled: { [control] in control.isStopping }
      )
      let seconds = (ContinuousClock.now - stepBegan).seconds
      let perStep = (ContinuousClock.now - began).seconds / Double(report.step - firstStep)
      let left = perStep * Double(settings.configuration.stepCount - report.step)
      try record(report, seconds: seconds, secondsLeft: left)
      // A step that was not written down must not get into a checkpoint: it would be missing.
      didStep(trainer)
      didChange(trainer.state.adapter)
      if settings.checkpoints.isDue(step: report.step, elapsed: ContinuousClock.now - saved),
        !trainer.isFinished
      {
        _ = try saveWithEvent(trainer)
        saved = .now
      }
      if let limit = settings.klStop, report[.kl] > limit {
        recorder.event("kl_alert", step: report.step, "KL \(report[.kl]) is above kl_stop \(limit)")
        return "kl_stop"
      }
    }
    return "completed"
  }

  /// Does what callers asked for: swap, checkpoint, pause, cancel; returns whether a checkpoint was
  /// written.
  private func betweenSteps(_ trainer: PPOTrainer) async throws -> Bool {
    let step = trainer.state.step
    var wasPaused = false
    var didSave = false
    while true {
      if let reason = control.stopReason { throw reason }
      source.applySwap()
      if control.wantsCheckpoint {
        answerCheckpoint(trainer)
        didSave = true
      }
      guard control.isPaused else { break }
      if !wasPaused {
        wasPaused = true
        control.report(.paused, step: step)
        recorder.event("paused", step: step, "")
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    if wasPaused { recorder.event("resumed", step: step, "") }
    return didSave
  }

  private func answerCheckpoint(_ trainer: PPOTrainer) {
    control.answerCheckpoints(
      Result {
        CheckpointReply(
          path: try saveWithEvent(trainer),
          step: UInt32(clamping: trainer.state.step)
        )
      }
    )
  }

  private func save(_ trainer: PPOTrainer) throws -> String {
    let origin = source.origin.map {
      PPOCheckpoint.Scalarizer(endpoint: $0.endpoint, version: $0.version, hash: $0.hash)
    }
    return try folder.save(
      trainer,
      base: base,
      scalarizer: origin ?? checkpoint?.checkpoint.header.surroundings.scalarizer,
      keeping: settings.checkpoints.keptCount
    )
  }

  private func saveWithEvent(_ trainer: PPOTrainer) throws -> String {
    let path = try save(trainer)
    recorder.event("checkpoint", step: trainer.state.step, path)
    return path
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
    for alarm in report.alarms { raise(alarm, step: report.step) }
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

  /// Tells a sign of a gamed reward and holds the run where that was asked for.
  private func raise(_ alarm: PolicyOptimization.RewardWatch.Alarm, step: Int) {
    logger.warning(
      "\(alarm.sign.rawValue): \(alarm.text)",
      metadata: ["run": "\(folder.id)", "step": "\(step)"]
    )
    var text = alarm.text
    if settings.pausesOnWatch {
      control.setPaused(true)
      text += "; the run is held until Resume or Cancel"
    }
    recorder.event("watch_\(alarm.sign.rawValue)", step: step, text)
  }

  /// Ends a run that did not get to its last step, with a checkpoint of what it has.
  private func end(_ error: any Error, _ trainer: PPOTrainer?, _ began: ContinuousClock.Instant) {
    var detail = (error as? PolicyTrainerServiceError)?.description ?? "\(error)"
    do {
      if let trainer, trainer.state.step > 0 { _ = try save(trainer) }
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
          checkpointPath: (try? folder.checkpoints.newestPath()) ?? "",
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

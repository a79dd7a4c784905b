internal import Foundation
internal import LanguageModels
internal import Logging
internal import Messages
internal import ModelKit
internal import PolicyOptimization
internal import ProtobufRuntime
internal import ServiceKit
internal import Tensors

/// One event of a run as it is kept: enough to tell a caller that attaches later.
struct RunEntry: Sendable, Codable {
  /// The step it belongs to.
  let step: Int
  /// "step", "event" or "finished", for people who look into the file.
  let kind: String
  /// The reply as it was sent, protobuf in base64.
  let reply: Data

  init(_ reply: TrainPolicyReply) throws {
    switch reply.kind {
    case .step(let step): (self.step, kind) = (Int(step.step), "step")
    case .event(let event): (step, kind) = (Int(event.step), "event")
    case .finished(let finished): (step, kind) = (Int(finished.stepsDone), "finished")
    case .started, nil: (step, kind) = (0, "started")
    }
    self.reply = Data(try reply.encoded())
  }

  /// The reply again.
  func message() throws -> TrainPolicyReply {
    try TrainPolicyReply(protobuf: Array(reply))
  }
}

/// The folder of one run: its request, what it reported, its checkpoints and its adapter.
struct RunFolder: Sendable {
  /// What names the run.
  let id: String
  /// `runs/RUN`.
  let path: String

  /// What was asked for, for a run that goes on after a restart.
  private struct StoredRequest: Codable {
    /// Protobuf in base64.
    let request: Data
  }

  /// Path of the reports.
  var eventsPath: String { path + "/events.jsonl" }
  /// The checkpoints.
  var checkpoints: CheckpointStore {
    CheckpointStore(
      folder: path + "/checkpoints",
      earlierPath: path + "/checkpoint.safetensors"
    )
  }
  /// Folder of the adapter in PEFT layout.
  var adapterPath: String { path + "/adapter" }
  private var requestPath: String { path + "/request.json" }
  /// Path of the swaps of the scalarizer.
  var scalarizersPath: String { path + "/scalarizers.json" }

  /// The request that began the run; nil when there is no such run.
  func storedRequest() throws -> TrainPolicyRequest? {
    guard let data = FileManager.default.contents(atPath: requestPath) else { return nil }
    do {
      let stored = try JSONDecoder().decode(StoredRequest.self, from: data)
      return try TrainPolicyRequest(protobuf: Array(stored.request))
    } catch {
      throw PolicyTrainerServiceError.damagedRun(path: requestPath, reason: "\(error)")
    }
  }

  /// Makes the folder and keeps the request.
  func begin(_ request: TrainPolicyRequest) throws {
    try DurableFile.makeFolder(path)
    let stored = StoredRequest(request: Data(try request.encoded()))
    try DurableFile.replace(requestPath, with: Array(try JSONEncoder().encode(stored)))
  }

  /// What the run has reported so far.
  func entries(logger: Logger) throws -> [RunEntry] {
    try JournalFile<RunEntry>.entries(of: eventsPath, logger: logger)
  }

  /// Forgets what was reported after the checkpoint, since it will happen again, and any end.
  func entriesToResume(after step: Int, logger: Logger) throws -> [RunEntry] {
    let kept = try entries(logger: logger).filter { $0.step <= step && $0.kind != "finished" }
    try JournalFile.rewrite(eventsPath, with: kept)
    return kept
  }

  /// Writes adapter and checkpoint; durable when it returns the checkpoint's path.
  ///
  /// The checkpoint comes last: a run goes on from it and writes the adapter anew.
  func save(
    _ trainer: PPOTrainer,
    base: BaseModel,
    scalarizer: PPOCheckpoint.Scalarizer?,
    keeping count: Int
  ) throws -> String {
    try PolicyAdapterFolder.write(
      trainer.state.adapter,
      to: adapterPath,
      model: base.model.configuration,
      baseModel: base.id
    )
    var store = checkpoints
    store.keptCount = count
    return try store.write(
      trainer.checkpoint(
        PPOCheckpoint.Surroundings(
          baseModel: base.hash,
          scalarizer: scalarizer,
          threadCount: Threads.count,
          precision: base.precision
        )
      )
    )
  }

  /// The adapter of the last checkpoint.
  func adapter(_ base: BaseModel) throws -> LowRankAdapter {
    do {
      return try PolicyAdapterFolder.read(from: adapterPath, model: base.model.configuration)
    } catch {
      throw PolicyTrainerServiceError.damagedRun(path: adapterPath, reason: "\(error)")
    }
  }

  /// Whether an adapter was written.
  var hasAdapter: Bool { FileManager.default.fileExists(atPath: adapterPath) }
}

internal import Foundation
internal import LanguageModels
internal import Messages
internal import ModelKit
internal import PolicyOptimization
internal import ProtobufRuntime
internal import ServiceKit

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

/// The folder of one run: its request, what it reported, its checkpoint and its adapter.
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

  /// The scalarizer that a swap put in charge of this run.
  private struct StoredScalarizer: Codable {
    let host: String
    let port: Int
    let serverName: String
  }

  /// Path of the reports.
  var eventsPath: String { path + "/events.jsonl" }
  /// Path of the checkpoint.
  var checkpointPath: String { path + "/checkpoint.safetensors" }
  /// Folder of the adapter in PEFT layout.
  var adapterPath: String { path + "/adapter" }
  private var requestPath: String { path + "/request.json" }
  private var scalarizerPath: String { path + "/scalarizer.json" }

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
  func entries() throws -> [RunEntry] {
    try JournalFile<RunEntry>.entries(of: eventsPath)
  }

  /// Forgets what was reported after the checkpoint, since it will happen again, and any end.
  func entriesToResume(after step: Int) throws -> [RunEntry] {
    let kept = try entries().filter { $0.step <= step && $0.kind != "finished" }
    try JournalFile.rewrite(eventsPath, with: kept)
    return kept
  }

  /// The checkpoint; nil when none was written.
  func checkpoint() throws -> PPOCheckpoint? {
    guard FileManager.default.fileExists(atPath: checkpointPath) else { return nil }
    do {
      return try PPOCheckpoint(readFrom: checkpointPath)
    } catch {
      throw PolicyTrainerServiceError.damagedRun(path: checkpointPath, reason: "\(error)")
    }
  }

  /// Writes checkpoint and adapter; durable when it returns.
  func save(_ trainer: PPOTrainer, base: BaseModel) throws {
    try PolicyAdapterFolder.write(
      trainer.state.adapter,
      to: adapterPath,
      model: base.model.configuration,
      baseModel: base.id
    )
    try trainer.checkpoint().write(to: checkpointPath)
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

  /// The scalarizer that a swap put in charge of this run, if any.
  func swappedScalarizer() throws -> PeerSection? {
    guard let data = FileManager.default.contents(atPath: scalarizerPath) else { return nil }
    let stored = try JSONDecoder().decode(StoredScalarizer.self, from: data)
    return PeerSection(host: stored.host, port: stored.port, serverName: stored.serverName)
  }

  /// Remembers a swap, so that the run goes on with the same scalarizer after a restart.
  func keep(_ scalarizer: PeerSection) throws {
    let stored = StoredScalarizer(
      host: scalarizer.host,
      port: scalarizer.port,
      serverName: scalarizer.serverName ?? ""
    )
    try DurableFile.replace(scalarizerPath, with: Array(try JSONEncoder().encode(stored)))
  }
}

internal import Foundation
internal import Logging
internal import Messages
internal import ServiceKit
internal import Synchronization

/// Keeps what a run reports in its folder and tells its listeners.
final class RunRecorder: Sendable {
  private let log: EventLog<RunEvent>
  private let journal: JournalFile<RunEntry>
  private let logger: Logger
  private let configurationVersion: Mutex<String?>

  /// Goes on behind what the folder holds.
  ///
  /// `configurationVersion` is that of the last step before, nil for a new run.
  init(
    folder: RunFolder,
    log: EventLog<RunEvent>,
    configurationVersion: String?,
    logger: Logger
  ) throws {
    self.log = log
    self.logger = logger
    self.configurationVersion = Mutex(configurationVersion)
    journal = try JournalFile<RunEntry>.open(folder.eventsPath, logger: logger).0
  }

  /// Tells listeners without keeping it.
  func announce(_ reply: TrainPolicyReply) {
    log.append(.reply(reply))
  }

  /// Keeps a reply and tells listeners.
  func record(_ reply: TrainPolicyReply) throws {
    try journal.append(try RunEntry(reply))
    log.append(.reply(reply))
  }

  /// Keeps an event for the journal and tells listeners.
  func event(_ kind: String, step: Int, _ detail: String) {
    let reply = TrainPolicyReply(
      kind: .event(
        TrainPolicyEvent(
          kind: kind,
          step: UInt32(clamping: step),
          detail: detail,
          time: Date().timeIntervalSince1970
        )
      )
    )
    logger.info(
      "run event",
      metadata: ["event": "\(kind)", "step": "\(step)", "detail": "\(detail)"]
    )
    do {
      try record(reply)
    } catch {
      // The event is lost for callers that attach later; the run itself is not at stake.
      logger.error("event not kept", metadata: ["error": "\(error)"])
      log.append(.reply(reply))
    }
  }

  /// Tells listeners that the stream ends although the run is not over.
  func interrupt(_ reason: PolicyTrainerServiceError) {
    log.append(.interrupted(reason))
  }

  /// Notes the configuration of a step; returns the one before when it was another.
  func noteConfiguration(_ version: String) -> String? {
    configurationVersion.withLock { known in
      defer { known = version }
      return known == version ? nil : known
    }
  }
}

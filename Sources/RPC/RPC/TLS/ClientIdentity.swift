internal import Logging
internal import Synchronization

/// What a client shows to servers and trusts, for the connections to come.
///
/// The files are looked at before each connection and read again when they have changed, so a renewed
/// certificate is shown without a restart. Files that cannot be used, for instance because they are
/// being replaced at the moment, leave the last good ones in force.
final class ClientIdentity: Sendable {
  private struct State {
    /// Of the files when they were read last.
    var stamps: [FileStamp?]
    /// What they held, or why they never could be used.
    var outcome: Result<TLSContext, RPCError>
  }

  private let configuration: TLSConfiguration
  private let logger: Logger
  private let state: Mutex<State>

  /// Reads the files for the first time; `context` tells whether they can be used.
  init(_ configuration: TLSConfiguration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
    // Before reading, so that a change in between is noticed next time.
    let stamps = configuration.stamps
    state = Mutex(State(stamps: stamps, outcome: ClientIdentity.load(configuration)))
  }

  /// What the next connection takes.
  ///
  /// - Throws: `failedPrecondition` naming the file when none of its contents could ever be used.
  func context() throws(RPCError) -> TLSContext {
    let stamps = configuration.stamps
    let (outcome, failure) = state.withLock { state in
      guard stamps != state.stamps else { return (state.outcome, RPCError?.none) }
      state.stamps = stamps
      switch (ClientIdentity.load(configuration), state.outcome) {
      case (.failure(let error), .success): return (state.outcome, error)
      case (let outcome, _):
        state.outcome = outcome
        return (outcome, nil)
      }
    }
    if let failure {
      logger.error(
        "certificate of the client not reloaded; the old one stays in force",
        metadata: ["error": "\(failure.message)"]
      )
    }
    return try outcome.get()
  }

  private static func load(_ configuration: TLSConfiguration) -> Result<TLSContext, RPCError> {
    do throws(TLSError) {
      return .success(try TLSContext(configuration, role: .client))
    } catch {
      return .failure(RPCError(code: .failedPrecondition, message: "\(error)", cause: error))
    }
  }
}

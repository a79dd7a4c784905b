internal import Synchronization

/// The certificate files of one side, which can be read again while connections are open.
///
/// Open connections keep what they began with; new handshakes take what was read last.
final class TLSIdentity: Sendable {
  private struct State {
    var context: TLSContext
    /// Of the files when they were read.
    var loaded: [FileStamp?]
    /// Of the files when they were last looked at.
    var seen: [FileStamp?]
  }

  private let configuration: TLSConfiguration
  private let role: TLSContext.Role
  private let refusal: (@Sendable (RPCPeer.Identity) -> String?)?
  private let state: Mutex<State>

  /// Reads the files for the first time.
  ///
  /// - Throws: `TLSError.configuration` naming the file that cannot be used.
  init(
    _ configuration: TLSConfiguration,
    role: TLSContext.Role,
    refusal: (@Sendable (RPCPeer.Identity) -> String?)? = nil
  ) throws(TLSError) {
    self.configuration = configuration
    self.role = role
    self.refusal = refusal
    let stamps = configuration.stamps
    let context = try TLSContext(configuration, role: role, refusal: refusal)
    state = Mutex(State(context: context, loaded: stamps, seen: stamps))
  }

  /// What new handshakes take.
  var current: TLSContext { state.withLock { $0.context } }

  /// Reads the files again; when one cannot be used, the old content stays in force.
  ///
  /// - Returns: what new handshakes take from now on.
  /// - Throws: `TLSError.configuration` naming the file that cannot be used.
  @discardableResult
  func reload() throws(TLSError) -> TLSContext {
    let stamps = configuration.stamps
    // A broken file is complained about once, not at every look.
    state.withLock { state in
      state.loaded = stamps
      state.seen = stamps
    }
    let context = try TLSContext(configuration, role: role, refusal: refusal)
    state.withLock { $0.context = context }
    return context
  }

  /// Whether a file was replaced or changed since it was read, and has been left alone since the
  /// last time this was asked; so a certificate whose key is still being written is not taken.
  func hasSettledChange() -> Bool {
    let stamps = configuration.stamps
    return state.withLock { state in
      defer { state.seen = stamps }
      return stamps != state.loaded && stamps == state.seen
    }
  }
}

extension TLSConfiguration {
  /// Of the files as they are now; nil for one that is not there or not configured.
  var stamps: [FileStamp?] {
    [certificatePath, keyPath, caPath].map { $0.flatMap { FileStamp(path: $0) } }
  }
}

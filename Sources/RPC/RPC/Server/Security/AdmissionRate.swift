internal import NIOCore
internal import Synchronization

/// How many connections may begin their handshake: so many a second, a second's worth at once.
final class AdmissionRate: Sendable {
  private struct State {
    var tokens: Double
    var filledAt: NIODeadline
  }

  private let perSecond: Double
  private let state: Mutex<State>

  /// A full bucket; 0 a second means no limit.
  init(perSecond: Int, now: NIODeadline) {
    self.perSecond = Double(perSecond)
    state = Mutex(State(tokens: Double(perSecond), filledAt: now))
  }

  /// Takes one token.
  ///
  /// - Returns: whether there was one.
  func take(now: NIODeadline) -> Bool {
    guard perSecond > 0 else { return true }
    return state.withLock { state in
      let elapsed = Double(max(0, (now - state.filledAt).nanoseconds)) / 1e9
      state.tokens = min(perSecond, state.tokens + elapsed * perSecond)
      state.filledAt = max(now, state.filledAt)
      guard state.tokens >= 1 else { return false }
      state.tokens -= 1
      return true
    }
  }
}

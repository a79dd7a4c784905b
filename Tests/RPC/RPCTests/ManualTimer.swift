import RPC
import Synchronization

/// A clock that stands still until a test moves it, so that pauses are known and take no time.
final class ManualTimer: ClientTimer {
  private struct Pending {
    let due: Duration
    let operation: @Sendable () -> Void
  }

  private struct State {
    var now = Duration.zero
    var pending: [UInt64: Pending] = [:]
    var nextID: UInt64 = 0
    /// Every pause that was asked for, in order.
    var pauses: [Duration] = []
  }

  private let state = Mutex(State())
  private let events: Events

  init(_ events: Events) { self.events = events }

  var now: Duration { state.withLock { $0.now } }

  var pauses: [Duration] { state.withLock { $0.pauses } }

  func after(
    _ pause: Duration,
    _ operation: @escaping @Sendable () -> Void
  ) -> @Sendable () -> Void {
    let (id, count) = state.withLock { state in
      state.nextID += 1
      state.pauses.append(pause)
      state.pending[state.nextID] = Pending(due: state.now + pause, operation: operation)
      return (state.nextID, state.pauses.count)
    }
    events.set("pauses", count)
    return { self.state.withLock { _ = $0.pending.removeValue(forKey: id) } }
  }

  /// Moves the time and performs what is due.
  func advance(by step: Duration) {
    let due = state.withLock { state in
      state.now += step
      let due = state.pending.filter { $0.value.due <= state.now }
      for id in due.keys { state.pending[id] = nil }
      return due.values.sorted { $0.due < $1.due }
    }
    for pending in due { pending.operation() }
  }

  /// Lets each pause be over as soon as somebody waits for it, until `count` of them were asked for.
  func skipPauses(_ count: Int) async {
    for number in 1...count {
      await events.wait(until: "pauses", isAtLeast: number)
      advance(by: .milliseconds(1_500))
    }
  }
}

/// A generator whose numbers are known.
struct ConstantGenerator: RandomNumberGenerator, Sendable {
  let bits: UInt64
  mutating func next() -> UInt64 { bits }
}

/// Surroundings with a clock of the test's and pauses without jitter's upper half.
func surroundings(
  _ timer: ManualTimer,
  addresses: @escaping @Sendable (RPCTarget) -> Result<[String], RPCError> = { .success([$0.host]) }
) -> ClientSurroundings {
  ClientSurroundings(
    timer: timer,
    random: ClientRandom(ConstantGenerator(bits: 0)),
    resolve: { target, done in done(addresses(target)) }
  )
}

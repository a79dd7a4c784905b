internal import Synchronization

/// Keeps all workers of an endpoint together under its limits of requests and tokens a minute.
///
/// Two token buckets that hold a tenth of a minute's worth and refill at nine tenths of the limit: so
/// no sixty seconds, wherever they begin, see more than the limit. Who asks takes from the buckets at
/// once, if need be below zero, and sleeps until they would have been full enough: those who came
/// first go first.
package final class RateLimiter: Sendable {
  private struct Bucket {
    let capacity: Double
    /// A second.
    let rate: Double
    var level: Double

    init?(perMinute: Int?) {
      guard let perMinute else { return nil }
      capacity = max(1, Double(perMinute) / 10)
      rate = max(Double(perMinute) - capacity, Double(perMinute) / 2) / 60
      level = capacity
    }

    /// Takes an amount and returns the seconds until it is really there.
    ///
    /// An amount larger than the bucket waits for a full one.
    mutating func take(_ amount: Double) -> Double {
      let missing = max(0, min(amount, capacity) - level)
      level -= amount
      return missing / rate
    }

    mutating func refill(_ seconds: Double) {
      level = min(capacity, level + seconds * rate)
    }
  }

  private struct State {
    var requests: Bucket?
    var tokens: Bucket?
    var filledAt: Duration = .zero
    var pausedUntil: Duration = .zero
  }

  private let clock: any Clock<Duration>
  private let stopwatch: Stopwatch
  private let state: Mutex<State>

  /// Creates a limiter; a limit that is nil limits nothing.
  package init(
    requestsPerMinute: Int? = nil,
    tokensPerMinute: Int? = nil,
    clock: any Clock<Duration> = ContinuousClock()
  ) {
    self.clock = clock
    stopwatch = Stopwatch(clock)
    state = Mutex(
      State(
        requests: Bucket(perMinute: requestsPerMinute),
        tokens: Bucket(perMinute: tokensPerMinute)
      )
    )
  }

  /// Waits until one more request of so many tokens may be sent.
  package func acquire(tokenCount: Int) async throws(LabelingError) {
    while true {
      let (wait, hasTaken) = state.withLock { take(tokenCount, &$0) }
      do {
        if wait > .zero { try await clock.sleep(for: wait) }
      } catch {
        if hasTaken { giveBack(requestCount: 1, tokenCount: tokenCount) }
        throw .cancelled
      }
      guard hasTaken else { continue }
      // After a pause that came meanwhile everybody queues anew, or all would go at its end at once.
      if state.withLock({ $0.pausedUntil }) <= stopwatch.elapsed { return }
      giveBack(requestCount: 1, tokenCount: tokenCount)
    }
  }

  /// How long to wait, and whether it was taken already for the time after that.
  private func take(_ tokenCount: Int, _ state: inout State) -> (wait: Duration, hasTaken: Bool) {
    let now = stopwatch.elapsed
    if now < state.pausedUntil { return (state.pausedUntil - now, false) }
    refill(&state, now)
    let seconds = max(
      state.requests?.take(1) ?? 0,
      state.tokens?.take(Double(tokenCount)) ?? 0
    )
    return (.seconds(seconds), true)
  }

  private func refill(_ state: inout State, _ now: Duration) {
    let passed = max(0, (now - state.filledAt).inSeconds)
    state.requests?.refill(passed)
    state.tokens?.refill(passed)
    state.filledAt = max(now, state.filledAt)
  }

  /// Corrects an estimate once the endpoint has counted.
  package func correct(estimatedTokenCount: Int, usedTokenCount: Int) {
    giveBack(requestCount: 0, tokenCount: estimatedTokenCount - usedTokenCount)
  }

  /// Lets nobody send for some time, because the endpoint said so; nothing refills meanwhile.
  package func pause(_ duration: Duration) {
    state.withLock { state in
      let now = stopwatch.elapsed
      refill(&state, now)
      state.pausedUntil = max(state.pausedUntil, now + duration)
      state.filledAt = state.pausedUntil
    }
  }

  private func giveBack(requestCount: Int, tokenCount: Int) {
    state.withLock { state in
      state.requests?.level += Double(requestCount)
      state.tokens?.level += Double(tokenCount)
    }
  }
}

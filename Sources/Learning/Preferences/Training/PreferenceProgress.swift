/// Where a training of preference models stands.
package struct PreferenceProgress: Sendable, Equatable {
  /// What is being done.
  package enum Phase: String, Sendable {
    /// The frozen layers run over all texts, once for all principles.
    case trunk
    /// One adapter learns under all principles' heads.
    case sharedTraining
    /// A principle's adapter learns.
    case training
    /// A principle's scores are measured.
    case measuring
  }

  /// What is being done.
  package var phase: Phase
  /// The principle in work; empty during the trunk phase.
  package var principle: String
  /// Principles finished so far.
  package var finishedCount: Int
  /// Principles in all.
  package var principleCount: Int
  /// Steps made for this principle.
  package var step: Int
  /// Steps in all for this principle.
  package var stepCount: Int
  /// Loss of the last step, in nats a pair; nil outside training.
  package var loss: Double?
  /// Tokens a second since the phase began.
  package var tokensPerSecond: Double
  /// Estimated seconds until all principles are done.
  package var secondsLeft: Double
}

/// Estimates the time left from work done, in tokens times layers with backward counted twice.
struct WorkMeter {
  private let total: Double
  private let now: @Sendable () -> Duration
  private let start: Duration
  private var done = 0.0
  private var phaseStart: Duration
  private var phaseTokens = 0

  init(total: Double, now: @escaping @Sendable () -> Duration) {
    self.total = total
    self.now = now
    start = now()
    phaseStart = start
  }

  mutating func beginPhase() {
    phaseStart = now()
    phaseTokens = 0
  }

  mutating func add(work: Double, tokens: Int) {
    done += work
    phaseTokens += tokens
  }

  var tokensPerSecond: Double {
    let elapsed = (now() - phaseStart) / .seconds(1)
    return elapsed > 0 ? Double(phaseTokens) / elapsed : 0
  }

  var secondsLeft: Double {
    let elapsed = (now() - start) / .seconds(1)
    return done > 0 ? elapsed * max(total - done, 0) / done : 0
  }
}

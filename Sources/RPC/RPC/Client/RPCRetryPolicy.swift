/// When a client sends a call again by itself.
///
/// Only where nothing can happen twice: the call was certainly never processed (W38), or its method
/// is idempotent and the status UNAVAILABLE (WIRE.md section 9). A stream of replies counts until its
/// first reply was read; calls with a stream of requests are only made again while none was sent.
public struct RPCRetryPolicy: Sendable {
  /// Tries of one call in all; 1 turns retries off.
  public var attemptsMax = 4
  /// Pause before the second try, and before the second attempt to connect.
  public var firstPause = Duration.milliseconds(50)
  /// Longest pause.
  public var pauseMax = Duration.seconds(2)
  /// How much longer each pause is than the one before.
  public var growth = 2.0

  /// The defaults.
  public init() {}

  /// Whether a failed call may be made again.
  static func allows(_ method: RPCMethod, _ error: RPCError) -> Bool {
    switch error.code {
    case .unavailable: error.isUnprocessed || method.isIdempotent
    case .resourceExhausted: error.isUnprocessed
    // No other status says that a call never happened (WIRE.md section 9).
    default: false
    }
  }

  /// The pause after a number of failures.
  ///
  /// - Parameters:
  ///   - failures: 1 or more.
  ///   - jitter: 0 to 1; spreads clients over the upper half of the pause, so that they do not come
  ///     back all at once.
  /// - Returns: how long to wait.
  package func pause(afterFailures failures: Int, jitter: Double) -> Duration {
    var seconds = firstPause / .seconds(1)
    let secondsMax = pauseMax / .seconds(1)
    var step = 1
    while step < failures, seconds < secondsMax {
      seconds *= growth
      step += 1
    }
    return .seconds(min(seconds, secondsMax) * (0.5 + jitter / 2))
  }
}

/// Keeps retries from burying a service that is already in trouble.
///
/// A bucket of tokens: a call that a server failed takes one, a call that succeeded puts `refill`
/// back. Calls are sent again only while the bucket is more than half full. Calls that never reached
/// a server burden nobody and take nothing.
public struct RPCRetryBudget: Sendable {
  /// Tokens in a full bucket; 0 turns the budget off.
  public var tokensMax = 100.0
  /// Tokens a success puts back.
  public var refill = 0.1

  /// The defaults.
  public init() {}
}

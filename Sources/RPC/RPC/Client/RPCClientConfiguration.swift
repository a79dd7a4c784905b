package import NIOPosix

/// Where a service is.
public struct RPCTarget: Sendable, Hashable, CustomStringConvertible {
  /// Name or address.
  public var host: String
  /// TCP port.
  public var port: Int

  /// Names a host and port.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// "host:port".
  public var description: String { "\(host):\(port)" }
}

/// How a client connects and what it does when that fails.
public struct RPCClientConfiguration: Sendable {
  /// What the server may send.
  public var limits = RPCLimits()
  /// When to try again.
  public var retry = RPCRetryPolicy()
  /// For TCP to connect; TLS and HELLO have `limits.handshakeTimeout` on top.
  public var connectTimeout = Duration.seconds(5)
  /// For calls that name no timeout; nil lets them take any time.
  public var defaultTimeout: Duration?
  /// Finds the addresses of a name; nil asks the system.
  package var resolver: (any Resolver & Sendable)?

  /// The defaults.
  public init() {}
}

/// When a client sends a unary call again by itself.
///
/// Only where nothing can happen twice: the call was certainly never processed (W38), or its method
/// is idempotent and the status UNAVAILABLE.
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

  /// The pause after a number of failures.
  ///
  /// - Parameters:
  ///   - failures: 1 or more.
  ///   - jitter: 0 to 1; spreads clients over the upper half of the pause, so that they do not come
  ///     back all at once.
  /// - Returns: how long to wait.
  func pause(afterFailures failures: Int, jitter: Double) -> Duration {
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

internal import NIOCore

/// Times that guard a connection (W4, W34).
struct RPCTiming: Sendable {
  /// For TLS handshake and HELLO together.
  var handshake: TimeAmount
  /// Silence before a PING, and again before a connection is taken for dead; zero turns it off.
  var keepAlive: TimeAmount

  /// Converts from the durations of a configuration.
  init(handshake: Duration, keepAlive: Duration) {
    self.handshake = TimeAmount(handshake)
    self.keepAlive = TimeAmount(keepAlive)
  }
}

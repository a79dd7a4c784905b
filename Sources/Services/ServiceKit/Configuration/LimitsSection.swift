package import RPC

/// `limits {…}`: what clients may ask of a service; every key may be left out.
package struct LimitsSection: Sendable, Decodable {
  /// The limits of the server.
  package var limits: RPCLimits

  private enum Keys: String, CodingKey, CaseIterable {
    case messageBytesMax = "message_bytes_max"
    case metadataBytesMax = "metadata_bytes_max"
    case callsMax = "calls_max"
    case callsTotalMax = "calls_total_max"
    case callWindowBytes = "call_window_bytes"
    case connectionWindowBytes = "connection_window_bytes"
    case connectionsMax = "connections_max"
    case connectionsPerAddressMax = "connections_per_address_max"
    case handshakesPerSecondMax = "handshakes_per_second_max"
    case firstByteTimeout = "first_byte_timeout_seconds"
    case handshakeTimeout = "handshake_timeout_seconds"
    case keepAlive = "keep_alive_seconds"
    case drainTimeout = "drain_timeout_seconds"
  }

  /// Reads and checks the section; the bounds are those of WIRE.md section 8 where it has some.
  package init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    let standard = RPCLimits()
    limits = standard
    func count(_ key: Keys, _ fallback: Int, _ range: ClosedRange<Int>) throws -> Int {
      try values.number(key, default: fallback, in: range)
    }
    func time(_ key: Keys, _ fallback: Duration, from least: Double) throws -> Duration {
      .seconds(try values.number(key, default: fallback.seconds, in: least...86_400))
    }
    let window = 65_536...2_147_483_647
    limits.messageBytesMax = try count(
      .messageBytesMax,
      standard.messageBytesMax,
      1_024...2_147_483_647
    )
    limits.metadataBytesMax = try count(
      .metadataBytesMax,
      standard.metadataBytesMax,
      1_024...16_384
    )
    limits.callsMax = try count(.callsMax, standard.callsMax, 1...1_000_000)
    limits.callsTotalMax = try count(.callsTotalMax, standard.callsTotalMax, 1...10_000_000)
    limits.callWindowBytes = try count(.callWindowBytes, standard.callWindowBytes, window)
    limits.connectionWindowBytes = try count(
      .connectionWindowBytes,
      standard.connectionWindowBytes,
      window
    )
    limits.connectionsMax = try count(.connectionsMax, standard.connectionsMax, 1...1_000_000)
    limits.connectionsPerAddressMax = try count(
      .connectionsPerAddressMax,
      standard.connectionsPerAddressMax,
      0...1_000_000
    )
    limits.handshakesPerSecondMax = try count(
      .handshakesPerSecondMax,
      standard.handshakesPerSecondMax,
      0...1_000_000
    )
    limits.firstByteTimeout = try time(.firstByteTimeout, standard.firstByteTimeout, from: 0)
    limits.handshakeTimeout = try time(.handshakeTimeout, standard.handshakeTimeout, from: 0.1)
    limits.keepAlive = try time(.keepAlive, standard.keepAlive, from: 0)
    limits.drainTimeout = try time(.drainTimeout, standard.drainTimeout, from: 0)
  }
}

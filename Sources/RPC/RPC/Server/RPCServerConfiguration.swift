internal import ProtobufRuntime
internal import RPCWire

/// Where a server listens, who it is, and what it lets peers ask of it.
public struct RPCServerConfiguration: Sendable {
  /// Name or address to listen on.
  public var host: String
  /// Port to listen on; 0 lets the system choose.
  public var port: Int
  /// Identity and trust; nil is plain TCP, which is refused on other than loopback addresses.
  public var tls: TLSConfiguration?
  /// What peers may ask of this server.
  public var limits: RPCLimits
  /// Which client may call which method; nil allows everybody everything.
  public var access: RPCAccessRules?
  /// Offers to compress messages (WIRE.md section 11); in force with clients that offer it too.
  public var compression = false
  /// Run around every handler, the first outermost.
  public var interceptors: [any RPCServerInterceptor] = []

  /// States all; the limits have defaults.
  public init(
    host: String,
    port: Int,
    tls: TLSConfiguration?,
    limits: RPCLimits = RPCLimits(),
    access: RPCAccessRules? = nil
  ) {
    self.host = host
    self.port = port
    self.tls = tls
    self.limits = limits
    self.access = access
  }
}

/// What one side takes from its peers; some of it is announced in HELLO (WIRE.md section 8), the rest
/// has the defaults of section 12.
public struct RPCLimits: Sendable, Hashable {
  /// Bytes of one message.
  public var messageBytesMax = 67_108_864
  /// Bytes of one call's metadata.
  public var metadataBytesMax = 8_192
  /// Calls at once on one connection.
  public var callsMax = 1_024
  /// Bytes a call may hold unread.
  public var callWindowBytes = 1_048_576
  /// Bytes a connection may hold unread.
  public var connectionWindowBytes = 16_777_216
  /// Calls at once on all connections together; `Health` and its like do not count.
  public var callsTotalMax = 16_384
  /// Connections at once.
  public var connectionsMax = 8_192
  /// Connections at once from one address; 0 is as many as `connectionsMax`.
  public var connectionsPerAddressMax = 0
  /// Connections that may begin their handshake within a second; 0 is no limit.
  public var handshakesPerSecondMax = 1_000
  /// For the first byte of a connection; zero is as long as the handshake.
  public var firstByteTimeout = Duration.seconds(5)
  /// For TLS handshake and HELLO together.
  public var handshakeTimeout = Duration.seconds(10)
  /// Silence before a PING, and again before a peer is taken for dead; zero turns it off.
  public var keepAlive = Duration.seconds(20)
  /// How long calls in flight may go on once the server is asked to stop.
  public var drainTimeout = Duration.seconds(30)

  /// The defaults.
  public init() {}

  var wireSettings: WireSettings {
    var settings = WireSettings()
    settings.messageBytesMax = messageBytesMax
    settings.metadataBytesMax = metadataBytesMax
    settings.callsMax = callsMax
    settings.callWindowBytes = callWindowBytes
    settings.connectionWindowBytes = connectionWindowBytes
    return settings
  }

  var timing: RPCTiming { RPCTiming(handshake: handshakeTimeout, keepAlive: keepAlive) }

  var decoding: DecodingLimits { DecodingLimits(byteCountMax: messageBytesMax) }
}

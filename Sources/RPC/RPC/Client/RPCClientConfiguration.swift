/// How a client connects and what it does when that fails.
public struct RPCClientConfiguration: Sendable {
  /// What the server may send.
  public var limits = RPCLimits()
  /// When to try again.
  public var retry = RPCRetryPolicy()
  /// How many retries the failures of the last while leave room for.
  public var retryBudget = RPCRetryBudget()
  /// For TCP to connect; TLS and HELLO have `limits.handshakeTimeout` on top.
  public var connectTimeout = Duration.seconds(5)
  /// For calls with one reply that name no timeout; nil lets them take any time.
  public var defaultTimeout: Duration? = .seconds(600)
  /// For calls with many replies that name no timeout.
  ///
  /// Nil lets them take any time: a training streams its progress for hours, and keep-alive finds a
  /// server that is gone (W34).
  public var streamTimeout: Duration?
  /// What is different for one method ("morlaif.v1.Scalarizer/Scalarize") or all methods of a service
  /// ("morlaif.v1.Scalarizer"); the method's own entry wins.
  public var methods: [String: RPCMethodPolicy] = [:]
  /// Connections to each endpoint, each on an event loop of its own.
  public var connectionsPerEndpoint = 1
  /// Service whose health decides about an endpoint when there are several; empty asks for the server
  /// as a whole, nil asks nothing.
  public var healthService: String? = ""
  /// Shortest time between two look-ups of a name whose addresses are all used.
  public var resolutionPause = Duration.seconds(5)
  /// Offers to compress messages (WIRE.md section 11); in force when the server offers it too.
  public var compression = false
  /// Called around every call, the first outermost.
  public var interceptors: [any RPCClientInterceptor] = []

  /// The defaults.
  public init() {}

  /// What applies to a method.
  func policy(for method: RPCMethod) -> RPCMethodPolicy? {
    guard !methods.isEmpty else { return nil }
    return methods[method.fullName] ?? methods[method.service]
  }
}

/// What a client does differently for one method.
public struct RPCMethodPolicy: Sendable {
  /// For calls that name no timeout; nil takes the client's.
  public var timeout: Duration?
  /// Nil takes the client's.
  public var retry: RPCRetryPolicy?
  /// Nil sends each call to one endpoint only.
  public var hedging: RPCHedgingPolicy?

  /// States all.
  public init(
    timeout: Duration? = nil,
    retry: RPCRetryPolicy? = nil,
    hedging: RPCHedgingPolicy? = nil
  ) {
    self.timeout = timeout
    self.retry = retry
    self.hedging = hedging
  }
}

/// Sends a read to a second endpoint when the first takes long, and takes the first answer.
///
/// Only methods declared NO_SIDE_EFFECTS are ever hedged. Each call that is sent beside another, and each
/// that a server failed, draws on the retry budget.
public struct RPCHedgingPolicy: Sendable {
  /// How long an attempt may take before the next one is sent beside it.
  public var delay: Duration
  /// Calls sent in all.
  public var attemptsMax: Int

  /// States both.
  public init(delay: Duration, attemptsMax: Int = 2) {
    self.delay = delay
    self.attemptsMax = attemptsMax
  }
}

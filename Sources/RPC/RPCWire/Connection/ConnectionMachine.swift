/// The protocol of one connection, without any I/O: frames in, events and output bytes out.
///
/// The driver feeds `admit` and `receive` with what a `FrameDecoder` found, acts on the events,
/// calls the `send…` methods, and writes `output` to the transport once per turn. The machine keeps
/// the rules of WIRE.md in both directions: a peer's breach is a thrown `WireError`; a breach by the
/// driver cannot happen, because the methods give no way to say it.
package struct ConnectionMachine: Sendable {
  /// Which side of the connection this is.
  package enum Role: Sendable {
    case client
    case server
  }

  /// Where the connection is in its life.
  package enum Phase: Sendable, Equatable {
    /// Can become `open` or `failed`.
    case awaitingHello
    /// Can become `failed`.
    case open
    /// A rule was broken or the connection given up; nothing more is acted on.
    case failed
  }

  package let role: Role
  package let local: WireSettings
  /// Versions this side speaks (W11).
  let versions: ClosedRange<UInt32>
  /// Features this side named in its HELLO (W12).
  let features: [String]
  /// Features both sides have named (W12).
  package internal(set) var featuresInForce: Set<String> = []
  /// Whether messages may be compressed (W39).
  package internal(set) var allowsCompression = false
  /// The version in force (W11); 0 until the peer's HELLO has come.
  package internal(set) var version: UInt32 = 0
  /// What the peer announced; the defaults until its HELLO has come.
  package internal(set) var peer = WireSettings()
  package internal(set) var phase = Phase.awaitingHello
  /// Bytes to write to the transport.
  package var output = WireBuffer()
  /// Set by the driver while the transport takes no more; messages then wait in the machine.
  package var isTransportCongested = false
  /// Highest call id opened on this connection.
  package internal(set) var highestCallID: UInt64 = 0
  /// The GO_AWAY this side has sent.
  package internal(set) var sentGoAway: GoAway?
  /// The GO_AWAY the peer has sent.
  package internal(set) var receivedGoAway: GoAway?

  var calls: [UInt64: CallState] = [:]
  var turns = TurnQueue()
  var completedWrites: [UInt64] = []
  /// Method of the last CALL: calls of one connection mostly are of few methods, and a text that is
  /// known need not be made again.
  var lastMethod = ""
  var sendWindow = 0
  var receiveWindow: Int
  var gatheredCredit = 0
  /// Bytes of all incomplete messages (W32).
  var assemblyBytes = 0

  /// Output beyond this many bytes makes messages wait, so that the machine holds little that is
  /// already promised to the transport.
  static let outputBytesMax = 262_144

  /// A machine whose HELLO is already in its output (W10).
  ///
  /// - Parameters:
  ///   - role: which side this is.
  ///   - settings: what this side will receive; must lie within the bounds of section 8.
  ///   - agent: program and version, for the peer's logs.
  ///   - features: what this side supports beyond the document's core (W12).
  ///   - versions: versions this side speaks.
  package init(
    role: Role,
    settings: WireSettings,
    agent: String,
    features: [String] = [],
    versions: ClosedRange<UInt32> = WireLimits.version...WireLimits.version
  ) {
    precondition(settings.firstInvalid == nil, "settings must lie within the bounds of WIRE.md")
    self.role = role
    self.local = settings
    self.features = features
    self.versions = versions
    self.receiveWindow = settings.connectionWindowBytes
    var hello = Hello(agent: agent, settings: settings)
    hello.features = features
    hello.versionMin = versions.lowerBound
    hello.versionMax = versions.upperBound
    hello.encode(into: &output)
  }

  /// Calls in the table: open ones, and closed ones whose handler has not returned (W23).
  package var callCount: Int { calls.count }

  /// Client: whether a call may be opened now (W10, W23, W36).
  package var canOpenCall: Bool {
    phase == .open && receivedGoAway == nil && sentGoAway == nil && calls.count < peer.callsMax
      && highestCallID < WireLimits.callIDMax
  }

  /// Whether a call is open on the wire.
  package func isOpen(_ callID: UInt64) -> Bool { calls[callID]?.isOpen ?? false }

  /// Calls whose waiting message has been written since this was last asked.
  package mutating func takeCompletedWrites() -> [UInt64] {
    guard !completedWrites.isEmpty else { return [] }
    defer { completedWrites = [] }
    return completedWrites
  }

  /// Appends a PING (W34).
  package mutating func ping(opaque: UInt64) {
    guard phase != .failed else { return }
    PingPayload.encode(.ping, opaque: opaque, into: &output)
  }

  /// Server: announces the drain (W36).
  ///
  /// Client: announces that it is about to close.
  package mutating func goAway(code: StatusCode = .ok, reason: String) {
    guard phase != .failed, sentGoAway == nil else { return }
    let last = role == .server ? highestCallID : 0
    let goAway = GoAway(lastCallID: last, code: code, reason: reason)
    sentGoAway = goAway
    goAway.encode(into: &output)
  }

  /// Says farewell after a broken rule; nothing is acted on afterwards (W37).
  package mutating func fail(_ error: WireError) {
    guard phase != .failed else { return }
    let last = role == .server ? highestCallID : 0
    GoAway(lastCallID: last, code: error.code, reason: error.description).encode(into: &output)
    close()
  }

  /// Forgets all calls and acts on nothing from now on.
  package mutating func close() {
    phase = .failed
    calls.removeAll()
    turns = TurnQueue()
    assemblyBytes = 0
  }

  /// Gives back what a finished or abandoned call held, and counts it no longer once nobody uses it.
  ///
  /// At a server the call stays counted until `release` (W23).
  mutating func closeCall(_ callID: UInt64, isReleased: Bool) {
    guard let index = calls.index(forKey: callID) else { return }
    let call = calls.values[index]
    if isReleased || call.isReleased {
      calls.remove(at: index)
    } else if call.isOpen {
      calls.values[index].close()
    }
    guard call.isOpen else { return }
    if call.isMidMessage { assemblyBytes -= call.assembly.count }
    creditConnection(call.uncredited)
  }

  /// Server: the handler has returned, so the call no longer counts (W23).
  ///
  /// A reply that still waits for window goes out first.
  package mutating func release(_ callID: UInt64) {
    guard let index = calls.index(forKey: callID) else { return }
    let call = calls.values[index]
    if call.isOpen, case .status = call.pending?.ending {
      calls.values[index].isReleased = true
      return
    }
    closeCall(callID, isReleased: true)
  }
}

internal import Synchronization

/// What a server counts: connections, handshakes, refusals, bytes and calls.
package final class RPCServerMetrics: Sendable {
  /// Why a connection was turned away before its handshake.
  package enum ConnectionRefusal: String, Sendable, CaseIterable {
    /// `connectionsMax` are open.
    case connections
    /// `connectionsPerAddressMax` of this address are open.
    case address
    /// `handshakesPerSecondMax` have begun within a second.
    case rate
    /// The server stops.
    case stopping
  }

  /// Everything as it stands.
  package struct Snapshot: Sendable {
    /// Connections open now, handshakes under way included.
    package var connectionsOpen = 0
    /// Connections accepted, refused ones not counted.
    package var connectionsAccepted = 0
    /// Connections turned away before their handshake.
    package var connectionsRefused: [ConnectionRefusal: Int] = [:]
    /// Connections that became ready for calls.
    package var handshakesCompleted = 0
    /// Connections that did not.
    package var handshakeFailures: [HandshakeFault: Int] = [:]
    /// Ready connections that TLS ended: renegotiation attempts, then all else.
    package var renegotiationsRefused = 0
    package var brokenTLS = 0
    /// Ready connections ended for breaking a rule of WIRE.md, by its number.
    package var brokenRules: [Int: Int] = [:]
    /// Calls whose handler runs.
    package var callsOpen = 0
    /// Calls denied by a rule.
    package var callsDenied = 0
    /// Calls refused before they reached a method: limits, loading, stopping, unknown methods.
    package var callsRefused: [String: Int] = [:]
    /// Bytes on the sockets, TLS included.
    package var bytesReceived = 0
    package var bytesSent = 0
    /// Messages that travelled as zlib streams (WIRE.md section 11).
    package var messagesInflated = 0
    package var messagesDeflated = 0
    /// Certificate files that were read again, and attempts that failed.
    package var certificateReloads = 0
    package var certificateReloadFailures = 0
    /// End of the own certificate in seconds since 1970; nil without TLS.
    package var certificateEndSeconds: Int?
    /// By full name of the method.
    package var methods: [String: RPCMethodCounts] = [:]

    package init() {}
  }

  private struct State {
    var snapshot = Snapshot()
    var methods: [String: RPCMethodMetrics] = [:]
  }

  private let state = Mutex(State())
  private let open = Atomic<Int>(0)
  private let receivedBytes = Atomic<Int>(0)
  private let sentBytes = Atomic<Int>(0)

  /// Everything at zero.
  package init() {}

  /// Everything as it stands.
  package var snapshot: Snapshot {
    let (counted, methods) = state.withLock { ($0.snapshot, $0.methods) }
    var snapshot = counted
    snapshot.callsOpen = open.load(ordering: .relaxed)
    snapshot.bytesReceived = receivedBytes.load(ordering: .relaxed)
    snapshot.bytesSent = sentBytes.load(ordering: .relaxed)
    snapshot.methods = methods.mapValues(\.counts)
    return snapshot
  }

  /// Changes what is counted rarely.
  func count(_ change: (inout Snapshot) -> Void) { state.withLock { change(&$0.snapshot) } }

  /// Makes the methods of a router known.
  func know(_ router: RPCRouter) {
    state.withLock { state in
      for (name, route) in router.routes { state.methods[name] = route.metrics }
    }
  }

  // MARK: The hot path

  /// Calls whose handler runs.
  var callsOpen: Int { open.load(ordering: .relaxed) }

  /// Bytes that came on all sockets.
  var receivedByteCount: Int { receivedBytes.load(ordering: .relaxed) }

  func callOpened() { open.wrappingAdd(1, ordering: .relaxed) }

  func callClosed() { open.wrappingSubtract(1, ordering: .relaxed) }

  func received(_ byteCount: Int) { receivedBytes.wrappingAdd(byteCount, ordering: .relaxed) }

  func sent(_ byteCount: Int) { sentBytes.wrappingAdd(byteCount, ordering: .relaxed) }
}

internal import LargeMemory
internal import NIOCore
internal import RPCWire
internal import Synchronization

/// The attempts of one streaming call: the open one, and what is needed to make it again.
final class StreamingCalls: Sendable {
  private struct State {
    var attempts: CallAttempts
    var current: (call: StreamingCall, lease: EndpointPool.Lease)?
  }

  private let client: RPCClient
  private let method: RPCMethod
  private let metadata: [MetadataEntry]
  private let deadline: NIODeadline?
  /// The only request, or nil for a stream of them.
  private let request: ScatteredBytes?
  private let state: Mutex<State>

  /// A call that `begin` makes.
  init(client: RPCClient, method: RPCMethod, options: RPCCallOptions, request: ScatteredBytes?) {
    self.client = client
    self.method = method
    self.metadata = options.metadata.wireEntries
    self.request = request
    deadline = client.deadline(method, options)
    state = Mutex(State(attempts: client.attempts(method, deadline)))
  }

  /// Where the requests of the open call go; nil when there is only one request.
  var outbound: OutboundMessages? { state.withLock { $0.current?.call.outbound } }

  /// Connects, as often as it takes, and opens the call.
  func begin() async throws(RPCError) -> InboundMessages {
    while true {
      let failure: RPCError
      do throws(RPCError) {
        let tried = state.withLock { $0.attempts.tried }
        return open(try await client.pool.lease(by: deadline, avoiding: tried))
      } catch {
        failure = error
      }
      try await pause(after: failure, at: nil)
    }
  }

  /// Makes the call again elsewhere after it failed before its first reply, or throws the failure.
  func reopen(after error: RPCError) async throws(RPCError) -> InboundMessages {
    let endpoint = state.withLock { $0.current?.lease.endpoint.address }
    try await pause(after: error, at: endpoint)
    end()
    return try await begin()
  }

  /// Gives up what is still open.
  func end() {
    let current = state.withLock { state in
      defer { state.current = nil }
      return state.current
    }
    guard let current else { return }
    let (call, connection) = (current.call, current.lease.connection)
    if call.inbound.hasEndedProperly { client.bucket.succeeded() }
    connection.loop.run { connection.cancel(call) }
    current.lease.end()
  }

  private func pause(after error: RPCError, at endpoint: EndpointAddress?) async throws(RPCError) {
    let pause = state.withLock { state in
      Result { () throws(RPCError) in
        try state.attempts.pause(
          after: error,
          at: endpoint,
          client.bucket,
          client.surroundings.random
        )
      }
    }
    try await client.surroundings.timer.wait(try pause.get())
  }

  private func open(_ lease: EndpointPool.Lease) -> InboundMessages {
    let connection = lease.connection
    let inbound = InboundMessages()
    let call = StreamingCall(
      method: method,
      metadata: metadata,
      deadline: deadline,
      firstMessage: request,
      inbound: inbound,
      outbound: request == nil ? OutboundMessages(loop: connection.loop) : nil
    )
    inbound.onTaken { [weak call] cost in
      connection.loop.run { [weak call] in
        if let callID = call?.callID { connection.taken(callID, cost: cost) }
      }
    }
    state.withLock { $0.current = (call, lease) }
    connection.loop.run { connection.start(call) }
    return inbound
  }
}

internal import Logging
internal import NIOCore
internal import Synchronization

/// The endpoints of a service, and which of them gets the next call.
///
/// With one endpoint there is nothing to choose: it connects when a call asks. With several, all stay
/// connected, each is watched through `Health.Watch`, and a call goes to the ready one with the fewest
/// calls in flight, ties in turn. An endpoint that cannot be reached or does not serve gets nothing
/// until it is back; meanwhile it is tried again with growing pauses.
final class EndpointPool: Sendable {
  /// An endpoint with the connection a call may use.
  struct Lease: Sendable {
    let endpoint: ClientEndpoint
    let connection: ClientConnection

    init(_ endpoint: ClientEndpoint, _ connection: ClientConnection) {
      self.endpoint = endpoint
      self.connection = connection
      endpoint.callsInFlight.add(1, ordering: .relaxed)
    }

    /// The call is over.
    func end() { endpoint.callsInFlight.subtract(1, ordering: .relaxed) }
  }

  fileprivate typealias Waiter = CheckedContinuation<RPCError?, Never>

  fileprivate struct State {
    var endpoints: [ClientEndpoint] = []
    /// Look-ups of names that have not been answered.
    var resolutionsOpen = 0
    /// Why a name has no addresses.
    var resolutionErrors: [RPCTarget: RPCError] = [:]
    var resolvedAt: Duration?
    var hasStarted = false
    var isClosed = false
    var turn = 0
    /// Rises with each change, so that nobody sleeps through one.
    var changes: UInt64 = 0
    var waiters: [UInt64: Waiter] = [:]
    var nextWaiterID: UInt64 = 0
  }

  private let targets: [RPCTarget]
  private let serverName: String?
  /// Of all connections; nil is plain TCP.
  private let identity: ClientIdentity?
  private let configuration: RPCClientConfiguration
  private let surroundings: ClientSurroundings
  private let logger: Logger
  /// The only endpoint there will ever be, when it is one.
  private let only: ClientEndpoint?
  private let state = Mutex(State())

  /// A pool that connects with the first call.
  init(
    targets: [RPCTarget],
    tls: TLSConfiguration?,
    configuration: RPCClientConfiguration,
    surroundings: ClientSurroundings,
    logger: Logger
  ) {
    self.targets = targets
    self.serverName = tls?.serverName
    self.identity = tls.map { ClientIdentity($0, logger: logger) }
    self.configuration = configuration
    self.surroundings = surroundings
    self.logger = logger
    if targets.count == 1, let target = targets.first, !target.usesAllAddresses {
      only = ClientEndpoint(
        address: EndpointAddress(target: target, serverName: tls?.serverName ?? target.host),
        healthService: nil,
        holders: EndpointPool.holders(
          EndpointAddress(target: target, serverName: tls?.serverName ?? target.host),
          identity,
          configuration,
          surroundings,
          logger
        ),
        onChange: {}
      )
    } else {
      only = nil
    }
  }

  /// A loop of a connection, for tasks that want to run beside their calls.
  var loop: RPCLoop? {
    only?.holders.first?.loop ?? state.withLock { $0.endpoints.first?.holders.first?.loop }
  }

  /// The only endpoint with its only connection, where nothing has to be chosen or waited for.
  var readyLease: Lease? {
    guard let only, only.holders.count == 1, let connection = only.holders[0].current else {
      return nil
    }
    return Lease(only, connection)
  }

  /// An endpoint to send a call to, with a connection.
  ///
  /// - Parameters:
  ///   - deadline: how long to wait for one.
  ///   - tried: endpoints that failed this call already; taken only when there is no other.
  /// - Returns: the endpoint, counted as having one call more until `end`.
  /// - Throws: `unavailable`, saying of each endpoint why, `deadlineExceeded` or `cancelled`.
  func lease(
    by deadline: NIODeadline?,
    avoiding tried: [EndpointAddress]
  ) async throws(RPCError)
    -> Lease
  {
    if let only {
      // Each connection is made when its turn comes.
      guard let holder = only.nextHolder else { throw EndpointPool.noEndpoints }
      return Lease(only, try await holder.connection(by: deadline))
    }
    while true {
      refresh()
      let (choice, changes) = state.withLock { ($0.choose(avoiding: tried), $0.changes) }
      switch choice {
      case .endpoint(let endpoint):
        // It may have left just now; its condition will say so.
        if let connection = endpoint.connection { return Lease(endpoint, connection) }
        try await change(since: changes, by: deadline)
      case .wait: try await change(since: changes, by: deadline)
      case .fail(let error): throw error
      }
    }
  }

  /// Whether calls can go at once to an endpoint that is not among `tried`.
  func hasReady(besides tried: [EndpointAddress]) -> Bool {
    state.withLock { state in
      state.endpoints.contains { endpoint in
        guard case .ready = endpoint.condition else { return false }
        return !tried.contains(endpoint.address)
      }
    }
  }

  /// Ends all calls and closes.
  func close() async {
    let (endpoints, waiters) = state.withLock { state in
      state.isClosed = true
      defer { state.waiters = [:] }
      return (state.endpoints, Array(state.waiters.values))
    }
    for waiter in waiters { waiter.resume(returning: nil) }
    for endpoint in endpoints { await endpoint.close() }
    await only?.close()
  }

  // MARK: Which endpoints there are

  /// Makes the endpoints, at first, and looks names up again when something is wrong and the last
  /// look-up is a while ago.
  private func refresh() {
    let now = surroundings.timer.now
    let pause = configuration.resolutionPause
    let names: [RPCTarget] = state.withLock { state in
      guard !state.isClosed else { return [] }
      let isFirst = !state.hasStarted
      state.hasStarted = true
      let isDue =
        isFirst
        || (state.isTroubled && state.resolutionsOpen == 0
          && now - (state.resolvedAt ?? now) >= pause)
      guard isDue else { return [] }
      state.resolvedAt = now
      let names = targets.filter(\.usesAllAddresses)
      state.resolutionsOpen = names.count
      if isFirst {
        state.endpoints = targets.filter { !$0.usesAllAddresses }.map { endpoint($0, $0.host) }
      }
      return names
    }
    for name in names {
      surroundings.resolve(name) { [weak self] result in self?.resolved(name, result) }
    }
    for endpoint in state.withLock({ $0.endpoints }) { endpoint.start() }
  }

  /// Takes in the addresses of a name: new ones are added, those that are gone finish their calls.
  private func resolved(_ name: RPCTarget, _ result: Result<[String], RPCError>) {
    let gone: [ClientEndpoint] = state.withLock { state in
      state.resolutionsOpen -= 1
      guard !state.isClosed else { return [] }
      switch result {
      case .failure(let error):
        // What was known stays: a name server that is away says nothing about the services.
        state.resolutionErrors[name] = error
        return []
      case .success(let hosts):
        state.resolutionErrors[name] = nil
        let addresses = hosts.map { host in
          RPCTarget(host: host, port: name.port, usesAllAddresses: true, service: name.service)
        }
        let isGone = { (endpoint: ClientEndpoint) in
          endpoint.address.target.usesAllAddresses
            && endpoint.address.target.port == name.port
            && endpoint.address.serverName == self.serverName ?? name.host
            && !addresses.contains(endpoint.address.target)
        }
        let gone = state.endpoints.filter(isGone)
        state.endpoints.removeAll(where: isGone)
        let known = Set(state.endpoints.map(\.address.target))
        for address in addresses where !known.contains(address) {
          state.endpoints.append(endpoint(address, name.host))
        }
        return gone
      }
    }
    for endpoint in gone { endpoint.retire() }
    for endpoint in state.withLock({ $0.endpoints }) { endpoint.start() }
    changed()
  }

  private func endpoint(_ target: RPCTarget, _ name: String) -> ClientEndpoint {
    let address = EndpointAddress(target: target, serverName: serverName ?? name)
    return ClientEndpoint(
      address: address,
      healthService: configuration.healthService,
      holders: EndpointPool.holders(address, identity, configuration, surroundings, logger),
      onChange: { [weak self] in self?.changed() }
    )
  }

  private static func holders(
    _ address: EndpointAddress,
    _ identity: ClientIdentity?,
    _ configuration: RPCClientConfiguration,
    _ surroundings: ClientSurroundings,
    _ logger: Logger
  ) -> [ConnectionHolder] {
    (0..<max(1, configuration.connectionsPerEndpoint)).map { _ in
      ConnectionHolder(
        address: address,
        identity: identity,
        configuration: configuration,
        surroundings: surroundings,
        logger: logger
      )
    }
  }

  // MARK: Waiting

  private func changed() {
    let waiters = state.withLock { state in
      state.changes += 1
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume(returning: nil) }
  }

  /// Waits until something about the endpoints is different.
  private func change(since changes: UInt64, by deadline: NIODeadline?) async throws(RPCError) {
    let waiterID = state.withLock { state in
      state.nextWaiterID += 1
      return state.nextWaiterID
    }
    let callOff = deadline.map { deadline in
      surroundings.timer.after(.nanoseconds(max(0, (deadline - .now()).nanoseconds))) {
        [weak self] in
        self?.give(
          waiterID,
          RPCError(code: .deadlineExceeded, message: "no endpoint was ready in time")
        )
      }
    }
    defer { callOff?() }
    let error = await withTaskCancellationHandler {
      await withCheckedContinuation { (waiter: Waiter) in
        let isOver = state.withLock { state in
          if Task.isCancelled || state.changes != changes || state.isClosed { return true }
          state.waiters[waiterID] = waiter
          return false
        }
        if isOver { waiter.resume(returning: nil) }
      }
    } onCancel: {
      give(waiterID, ClientConnection.cancelled)
    }
    if let error { throw error }
    if Task.isCancelled { throw ClientConnection.cancelled }
    if let deadline, deadline <= .now() {
      throw RPCError(code: .deadlineExceeded, message: "no endpoint was ready in time")
    }
  }

  private func give(_ waiterID: UInt64, _ error: RPCError) {
    let waiter = state.withLock { $0.waiters.removeValue(forKey: waiterID) }
    waiter?.resume(returning: error)
  }

  private static let noEndpoints = RPCError(
    code: .invalidArgument,
    message: "the client has no endpoints"
  )
}

extension EndpointPool.State {
  enum Choice {
    case endpoint(ClientEndpoint)
    case wait
    case fail(RPCError)
  }

  /// Whether a name should be looked up again: an endpoint failed, or there is none.
  fileprivate var isTroubled: Bool {
    endpoints.isEmpty || !resolutionErrors.isEmpty
      || endpoints.contains { if case .failed = $0.condition { true } else { false } }
  }

  /// The ready endpoint with the fewest calls in flight, ties in turn; one not tried before any other.
  fileprivate mutating func choose(avoiding tried: [EndpointAddress]) -> Choice {
    guard !isClosed else {
      return .fail(RPCError(code: .cancelled, message: "the client was closed"))
    }
    var best: (endpoint: ClientEndpoint, wasTried: Bool, load: Int)?
    var mayCome = resolutionsOpen > 0
    var reasons: [String] = []
    for offset in endpoints.indices {
      let endpoint = endpoints[(turn + offset) % endpoints.count]
      switch endpoint.condition {
      case .idle, .connecting: mayCome = true
      case .notServing(let detail): reasons.append("\(endpoint.address): \(detail)")
      case .failed(let error): reasons.append(error.message)
      case .ready:
        let wasTried = tried.contains(endpoint.address)
        let load = endpoint.callsInFlight.load(ordering: .relaxed)
        guard let found = best else {
          best = (endpoint, wasTried, load)
          continue
        }
        if (wasTried ? 1 : 0, load) < (found.wasTried ? 1 : 0, found.load) {
          best = (endpoint, wasTried, load)
        }
      }
    }
    turn = endpoints.isEmpty ? 0 : (turn + 1) % endpoints.count
    if let best { return .endpoint(best.endpoint) }
    if mayCome { return .wait }
    reasons += resolutionErrors.values.map(\.message)
    var error = RPCError(
      code: .unavailable,
      message: reasons.isEmpty
        ? "the service has no endpoints"
        : "no endpoint is available: \(reasons.sorted().joined(separator: "; "))"
    )
    error.isUnprocessed = true
    return .fail(error)
  }
}

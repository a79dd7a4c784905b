internal import Logging
internal import RPCWire
internal import Synchronization

/// One address of a service: its connections, its calls in flight, and what is known of its health.
final class ClientEndpoint: Sendable {
  /// Whether calls may go there.
  enum Condition: Sendable {
    /// Not asked to connect yet.
    ///
    /// Can become `connecting`.
    case idle
    /// Connecting for the first time, or again after a proper farewell, or waiting for the first word
    /// about its health.
    ///
    /// Can become `ready`, `notServing` or `failed`.
    case connecting
    /// Can become `notServing`, `connecting` or `failed`.
    case ready
    /// Connected, but the server says that it does not serve.
    ///
    /// Can become `ready`, `connecting` or `failed`.
    case notServing(String)
    /// Cannot be reached; attempts go on with growing pauses.
    ///
    /// Can become `connecting` or `ready`.
    case failed(RPCError)
  }

  private struct State {
    var condition = Condition.idle
    var watch: (call: HealthWatchCall, connection: ClientConnection)?
  }

  let address: EndpointAddress
  /// Calls that were sent there and are not over.
  let callsInFlight = Atomic<Int>(0)
  /// One for each event loop that is used.
  let holders: [ConnectionHolder]
  private let turn = Atomic<Int>(0)
  private let healthService: String?
  private let onChange: @Sendable () -> Void
  private let state = Mutex(State())

  /// An endpoint that has not connected.
  ///
  /// - Parameters:
  ///   - address: where it is.
  ///   - healthService: whose health decides, nil when nobody's does.
  ///   - holders: its connections.
  ///   - onChange: called after its condition has changed.
  init(
    address: EndpointAddress,
    healthService: String?,
    holders: [ConnectionHolder],
    onChange: @escaping @Sendable () -> Void
  ) {
    self.address = address
    self.healthService = healthService
    self.holders = holders
    self.onChange = onChange
  }

  /// Whether calls may go there.
  var condition: Condition { state.withLock { $0.condition } }

  /// Connects and stays connected.
  func start() {
    let isFirst = state.withLock { state in
      guard case .idle = state.condition else { return false }
      state.condition = .connecting
      return true
    }
    guard isFirst, let first = holders.first else { return }
    // The first connection speaks for the endpoint; the others follow it up and down.
    first.onChange { [weak self] change in self?.changed(change) }
    for holder in holders { holder.stayConnected() }
  }

  /// A connection that takes calls: the one of the caller's own loop, or the next in turn.
  var connection: ClientConnection? {
    guard holders.count > 1 else { return holders.first?.current }
    for holder in holders where holder.loop.isCurrent {
      if let connection = holder.current { return connection }
    }
    let start = turn.wrappingAdd(1, ordering: .relaxed).oldValue
    for offset in 0..<holders.count {
      let index = Int(UInt(bitPattern: start &+ offset) % UInt(holders.count))
      if let connection = holders[index].current { return connection }
    }
    return nil
  }

  /// The holder to wait for when there is no connection: the one of the caller's loop, or the next.
  var nextHolder: ConnectionHolder? {
    guard holders.count > 1 else { return holders.first }
    if let own = holders.first(where: { $0.loop.isCurrent }) { return own }
    let start = turn.wrappingAdd(1, ordering: .relaxed).oldValue
    return holders[Int(UInt(bitPattern: start) % UInt(holders.count))]
  }

  /// Ends all calls and closes.
  func close() async {
    for holder in holders { await holder.close() }
  }

  /// Takes no new calls and closes when the open ones are done.
  func retire() {
    for holder in holders { holder.retire() }
    endWatch()
  }

  // MARK: What the first connection reports

  private func changed(_ change: ConnectionHolder.Change) {
    switch change {
    case .connected(let connection):
      guard let healthService else {
        set(.ready)
        break
      }
      set(.connecting)
      watch(healthService, connection)
    case .leaving:
      set(.connecting)
      endWatch()
    case .failed(let error):
      set(.failed(error))
      endWatch()
    }
    onChange()
  }

  private func watch(_ service: String, _ connection: ClientConnection) {
    let call = HealthWatchCall(service: service) { [weak self, weak connection] report in
      guard let self, let connection else { return }
      self.heard(report, from: connection)
    }
    state.withLock { $0.watch = (call, connection) }
    connection.loop.runLater { connection.start(call) }
  }

  private func heard(_ report: HealthWatchCall.Report, from connection: ClientConnection) {
    let isNews = state.withLock { state in
      guard state.watch?.connection === connection else { return false }
      switch report {
      case .serving: state.condition = .ready
      case .notServing(let detail): state.condition = .notServing(detail)
      }
      return true
    }
    if isNews { onChange() }
  }

  /// A watch must not keep a connection open that is being drained.
  private func endWatch() {
    let watch = state.withLock { state in
      defer { state.watch = nil }
      return state.watch
    }
    guard let watch else { return }
    watch.connection.loop.runLater { watch.connection.cancel(watch.call) }
  }

  private func set(_ condition: Condition) { state.withLock { $0.condition = condition } }
}

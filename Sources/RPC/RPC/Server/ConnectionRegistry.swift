internal import NIOCore
internal import Synchronization

/// The open connections of a server.
final class ConnectionRegistry: Sendable {
  fileprivate struct State {
    var connections: [ObjectIdentifier: (connection: ServerConnection, address: String)] = [:]
    var countByAddress: [String: Int] = [:]
    var isClosing = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Connections open now.
  var count: Int { state.withLock { $0.connections.count } }

  /// All of them.
  var all: [ServerConnection] { state.withLock { $0.connections.values.map(\.connection) } }

  /// Adds a connection unless there are too many or the server is stopping.
  ///
  /// - Returns: why it was not added; nil when it was.
  func add(
    _ connection: ServerConnection,
    address: String,
    limits: RPCLimits
  ) -> RPCServerMetrics.ConnectionRefusal? {
    state.withLock { state in
      if state.isClosing { return .stopping }
      guard state.connections.count < limits.connectionsMax else { return .connections }
      let count = state.countByAddress[address, default: 0]
      guard limits.connectionsPerAddressMax == 0 || count < limits.connectionsPerAddressMax else {
        return .address
      }
      state.countByAddress[address] = count + 1
      state.connections[ObjectIdentifier(connection)] = (connection, address)
      return nil
    }
  }

  /// Forgets a connection that is gone.
  func remove(_ connection: ServerConnection) {
    let waiter = state.withLock { state in
      if let (_, address) = state.connections.removeValue(forKey: ObjectIdentifier(connection)) {
        let count = state.countByAddress[address, default: 0] - 1
        state.countByAddress[address] = count > 0 ? count : nil
      }
      return state.takeWaiterIfEmpty()
    }
    waiter?.resume()
  }

  /// Drains all connections and returns when the last is gone (W36).
  func close(drainTimeout: Duration) async {
    let open = state.withLock { state in
      state.isClosing = true
      return state.connections.values.map(\.connection)
    }
    // One timer for all: a timer of its own would keep each connection until it fires.
    let timer = open.first?.loop.eventLoop.scheduleTask(in: TimeAmount(drainTimeout)) {
      for connection in self.all { connection.loop.run { connection.stop() } }
    }
    for connection in open { connection.loop.run { connection.drain() } }
    await withCheckedContinuation { continuation in
      let waiter = state.withLock { state in
        state.waiter = continuation
        return state.takeWaiterIfEmpty()
      }
      waiter?.resume()
    }
    timer?.cancel()
  }
}

extension ConnectionRegistry.State {
  fileprivate mutating func takeWaiterIfEmpty() -> CheckedContinuation<Void, Never>? {
    guard connections.isEmpty else { return nil }
    defer { waiter = nil }
    return waiter
  }
}

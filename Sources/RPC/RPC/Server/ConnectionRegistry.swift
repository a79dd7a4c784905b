internal import NIOCore
internal import Synchronization

/// The open connections of a server.
final class ConnectionRegistry: Sendable {
  fileprivate struct State {
    var connections: [ObjectIdentifier: ServerConnection] = [:]
    var isClosing = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Connections open now.
  var count: Int { state.withLock { $0.connections.count } }

  /// Adds a connection unless there are too many or the server is stopping.
  func add(_ connection: ServerConnection, countMax: Int) -> Bool {
    state.withLock { state in
      guard !state.isClosing, state.connections.count < countMax else { return false }
      state.connections[ObjectIdentifier(connection)] = connection
      return true
    }
  }

  /// Forgets a connection that is gone.
  func remove(_ connection: ServerConnection) {
    let waiter = state.withLock { state in
      state.connections[ObjectIdentifier(connection)] = nil
      return state.takeWaiterIfEmpty()
    }
    waiter?.resume()
  }

  /// Drains all connections and returns when the last is gone (W36).
  func close(drainTimeout: Duration) async {
    let open = state.withLock { state in
      state.isClosing = true
      return Array(state.connections.values)
    }
    for connection in open {
      connection.loop.run { connection.drain() }
      connection.loop.eventLoop.scheduleTask(in: TimeAmount(drainTimeout)) { connection.stop() }
    }
    await withCheckedContinuation { continuation in
      let waiter = state.withLock { state in
        state.waiter = continuation
        return state.takeWaiterIfEmpty()
      }
      waiter?.resume()
    }
  }
}

extension ConnectionRegistry.State {
  fileprivate mutating func takeWaiterIfEmpty() -> CheckedContinuation<Void, Never>? {
    guard connections.isEmpty else { return nil }
    defer { waiter = nil }
    return waiter
  }
}

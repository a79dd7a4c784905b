public import ProtobufRuntime

/// Sends messages on a call.
public struct RPCWriter<Element: ProtobufMessage>: Sendable {
  private let messages: OutboundMessages

  init(_ messages: OutboundMessages) { self.messages = messages }

  /// Sends one message; waits while the peer's window or the connection is full.
  ///
  /// - Throws: `RPCError` when the call has ended, with its status at a client, or when the task was
  ///   cancelled.
  public func write(_ element: Element) async throws(RPCError) {
    try await messages.write(element)
  }

  /// Client: says that no more requests follow, while replies may still be read.
  ///
  /// Nothing happens at a server, where returning from the handler ends the call.
  public func finish() { messages.finish() }

  /// Runs `produce` as long as the call is open: when it ends, whoever ends it, the task of `produce` is
  /// cancelled.
  ///
  /// For writers that wait for something else than `write`, for input that may never come for instance.
  ///
  /// - Throws: what `produce` throws while the call is open.
  public func whileOpen(_ produce: @escaping @Sendable () async throws -> Void) async throws {
    let messages = messages
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await produce() }
      group.addTask { await messages.waitUntilOver() }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}

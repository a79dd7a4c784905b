public import ProtobufRuntime

/// Messages as they arrive on a call; one reader.
///
/// A reader that stops reading stops the sender after one window, so nothing piles up.
public struct RPCStream<Element: ProtobufMessage>: AsyncSequence, Sendable {
  /// What reading throws.
  public typealias Failure = RPCError

  private let messages: InboundMessages
  private let limits: DecodingLimits
  /// What a message that cannot be decoded means here (W21).
  private let undecodable: RPCError.Code

  init(_ messages: InboundMessages, limits: DecodingLimits, undecodable: RPCError.Code) {
    self.messages = messages
    self.limits = limits
    self.undecodable = undecodable
  }

  /// Begins to read; a second iterator would share the messages with the first.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }

  /// Reads one message after the other.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let stream: RPCStream

    /// The next message, or nil when the peer has ended properly.
    ///
    /// - Throws: `RPCError` with the status of the call, or because the task was cancelled.
    public mutating func next() async throws(RPCError) -> Element? {
      try await stream.next()
    }

    /// The same for callers with an isolation of their own.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(RPCError) -> Element? {
      try await stream.next()
    }
  }

  private func next() async throws(RPCError) -> Element? {
    guard let item = try await messages.next() else { return nil }
    do throws(MessageError) {
      return try Element(protobuf: item.bytes, limits: limits)
    } catch {
      throw RPCError(code: undecodable, message: "\(error)", cause: error)
    }
  }
}

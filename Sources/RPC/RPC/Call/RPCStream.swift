public import ProtobufRuntime
internal import Synchronization

/// Messages as they arrive on a call; one reader.
///
/// A reader that stops reading stops the sender after one window, so nothing piles up.
public struct RPCStream<Element: ProtobufMessage>: AsyncSequence, Sendable {
  /// What reading throws.
  public typealias Failure = RPCError

  /// Makes the call again after a failure before the first message, or throws it.
  typealias Reopen = @Sendable (RPCError) async throws(RPCError) -> InboundMessages

  private let messages: InboundMessages
  private let limits: DecodingLimits
  /// What a message that cannot be decoded means here (W21).
  private let undecodable: RPCError.Code
  private let restart: StreamRestart?

  init(
    _ messages: InboundMessages,
    limits: DecodingLimits,
    undecodable: RPCError.Code,
    reopen: Reopen? = nil
  ) {
    self.messages = messages
    self.limits = limits
    self.undecodable = undecodable
    restart = reopen.map { StreamRestart(messages, $0) }
  }

  /// Begins to read; a second iterator would share the messages with the first.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }

  /// Reads one message after the other.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private let stream: RPCStream
    /// What is read from, once the call will not be made again any more.
    private var settled: InboundMessages?

    init(stream: RPCStream) {
      self.stream = stream
      settled = stream.restart == nil ? stream.messages : nil
    }

    /// The next message, or nil when the peer has ended properly.
    ///
    /// - Throws: `RPCError` with the status of the call, or because the task was cancelled.
    public mutating func next() async throws(RPCError) -> Element? {
      let item: InboundMessages.Item?
      if let settled {
        item = try await settled.next()
      } else {
        item = try await stream.restart?.first()
        settled = stream.restart?.current
      }
      return try item.map { item throws(RPCError) in try stream.decode(item) }
    }

    /// The same for callers with an isolation of their own.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(RPCError) -> Element? {
      try await next()
    }
  }

  private func decode(_ item: InboundMessages.Item) throws(RPCError) -> Element {
    var bytes = item.bytes
    if item.isCompressed {
      do throws(MessageCompression.Failure) {
        bytes = try unsafe MessageCompression.inflated(
          bytes.span.bytes,
          byteCountMax: limits.byteCountMax
        )
      } catch {
        throw error.rpcError(undecodable: undecodable)
      }
    }
    do throws(MessageError) {
      return try Element(protobuf: bytes, limits: limits)
    } catch {
      throw RPCError(code: undecodable, message: "\(error)", cause: error)
    }
  }
}

/// The messages of a call that may be made again as long as none of them was read.
private final class StreamRestart: Sendable {
  private let messages: Mutex<InboundMessages>
  private let isFresh = Atomic<Bool>(true)
  private let reopen: @Sendable (RPCError) async throws(RPCError) -> InboundMessages

  init(
    _ messages: InboundMessages,
    _ reopen: @escaping @Sendable (RPCError) async throws(RPCError) -> InboundMessages
  ) {
    self.messages = Mutex(messages)
    self.reopen = reopen
  }

  /// Those of the call as it was made last.
  var current: InboundMessages { messages.withLock { $0 } }

  /// The first message, of this call or of one made again.
  func first() async throws(RPCError) -> InboundMessages.Item? {
    while true {
      do throws(RPCError) {
        let item = try await current.next()
        isFresh.store(false, ordering: .relaxed)
        return item
      } catch {
        guard isFresh.load(ordering: .relaxed) else { throw error }
        let again = try await reopen(error)
        messages.withLock { $0 = again }
      }
    }
  }
}

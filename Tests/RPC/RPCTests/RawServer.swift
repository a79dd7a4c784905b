import NIOCore
import NIOPosix
import RPCWire

/// A server that answers one client with whatever bytes a test wants.
final class RawServer: Sendable {
  /// Counts the CALL frames of the client and tells who waits for them.
  private final class Listener: ChannelInboundHandler, @unchecked Sendable {
    // SAFETY: touched on the channel's event loop only.
    typealias InboundIn = ByteBuffer
    private var bytes: [UInt8] = []
    private let seen: Events

    init(_ seen: Events) { self.seen = seen }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      bytes += unwrapInboundIn(data).readableBytesView
      let frames = (try? parseFrames(bytes)) ?? []
      seen.set("calls", frames.count { $0.header.type == .call })
    }
  }

  let port: Int
  private let seen = Events()
  private let listener: any Channel
  private let accepted: EventLoopFuture<any Channel>

  /// Listens on a port of the system's choice; the first client is the one.
  init() async throws {
    let seen = seen
    let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: (any Channel).self)
    accepted = promise.futureResult
    listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Listener(seen))
          promise.succeed(channel)
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = listener.localAddress?.port ?? 0
  }

  func send(_ bytes: [UInt8]) async throws {
    try await accepted.get().writeAndFlush(ByteBuffer(bytes: bytes))
  }

  /// Returns when the client has sent `count` CALL frames.
  func waitForCalls(_ count: Int) async { await seen.wait(until: "calls", isAtLeast: count) }

  /// Ends the connection, and takes no other.
  func close() async throws {
    try? await listener.close()
    try? await accepted.get().close()
  }
}

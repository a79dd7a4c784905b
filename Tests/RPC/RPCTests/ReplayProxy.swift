import NIOCore
import NIOPosix
import Synchronization

/// Stands between one client and a server, and can send the server what the client began with again.
final class ReplayProxy: Sendable {
  private struct State {
    var first: ByteBuffer?
    var server: (any Channel)?
  }

  private let state = Mutex(State())
  private let listener = Mutex<(any Channel)?>(nil)

  /// Where clients connect.
  var port: Int { listener.withLock { $0?.localAddress?.port ?? 0 } }

  /// A proxy in front of a port of this machine.
  init(to port: Int) async throws {
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { client in
        let joined = ClientBootstrap(group: client.eventLoop)
          .connect(host: "127.0.0.1", port: port)
        return joined.flatMap { server in
          self.state.withLock { $0.server = server }
          return client.pipeline.addHandler(
            Pipe(to: server) { bytes in
              self.state.withLock { $0.first = $0.first ?? bytes }
            }
          ).flatMap { server.pipeline.addHandler(Pipe(to: client) { _ in }) }
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    self.listener.withLock { $0 = listener }
  }

  /// Sends the client's first bytes, its ClientHello, once more.
  func replay() async throws {
    let (first, server) = state.withLock { ($0.first, $0.server) }
    try await server?.writeAndFlush(first ?? ByteBuffer())
  }

  func close() async { try? await listener.withLock { $0 }?.close() }

  private final class Pipe: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let other: any Channel
    private let seen: @Sendable (ByteBuffer) -> Void

    init(to other: any Channel, _ seen: @escaping @Sendable (ByteBuffer) -> Void) {
      self.other = other
      self.seen = seen
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = unwrapInboundIn(data)
      seen(bytes)
      other.writeAndFlush(bytes, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
  }
}

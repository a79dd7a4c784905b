import NIOCore
import NIOPosix
import RPCWire
import Synchronization

/// A server on plain TCP that says what a test wants: the first piece when somebody connects, each
/// further one when it has heard another CALL.
final class LyingServer: Sendable {
  private let listener: any Channel
  private let open: Channels
  let port: Int

  /// Takes what to say on the first, second… connection.
  init(_ pieces: @escaping @Sendable (_ connection: Int) -> [[UInt8]]) async throws {
    let (channels, count) = (Channels(), Connections())
    listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channels.add(channel)
        let number = count.next()
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Script(pieces(number)))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = listener.localAddress?.port ?? 0
    self.open = channels
  }

  func close() async {
    try? await listener.close()
    for channel in open.all { try? await channel.close() }
  }

  private final class Channels: Sendable {
    private let list = Mutex<[any Channel]>([])
    var all: [any Channel] { list.withLock { $0 } }
    func add(_ channel: any Channel) { list.withLock { $0.append(channel) } }
  }

  private final class Connections: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
      count.withLock {
        $0 += 1
        return $0
      }
    }
  }

  private final class Script: ChannelInboundHandler, @unchecked Sendable {
    // SAFETY: touched on the channel's event loop only.
    typealias InboundIn = ByteBuffer
    private var pieces: ArraySlice<[UInt8]>
    private var heard: [UInt8] = []
    private var answered = 0

    init(_ pieces: [[UInt8]]) { self.pieces = pieces[...] }

    func channelActive(context: ChannelHandlerContext) { say(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      heard += unwrapInboundIn(data).readableBytesView
      let calls = ((try? parseFrames(heard)) ?? []).count { $0.header.type == .call }
      while answered < calls {
        answered += 1
        say(context)
      }
    }

    private func say(_ context: ChannelHandlerContext) {
      guard let piece = pieces.popFirst() else { return }
      context.writeAndFlush(NIOAny(ByteBuffer(bytes: piece)), promise: nil)
    }
  }
}

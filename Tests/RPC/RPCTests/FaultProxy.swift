import NIOCore
import NIOPosix
import Synchronization

/// Stands between a client and a server and mistreats the bytes, both ways.
final class FaultProxy: Sendable {
  /// What happens to bytes on their way.
  enum Fault: Sendable {
    /// They pass.
    case none
    /// They come one by one, each in a write of its own.
    case trickle
    /// They come after a while.
    case delay(TimeAmount)
    /// The connection breaks after this many.
    case cut(after: Int)
    /// One of every so many is turned over.
    case corrupt(every: Int)
    /// The second half of what was read comes before the first.
    case reorder
    /// They never arrive, and nobody says so.
    case swallow
  }

  private struct State {
    var fault = Fault.none
    var passed = 0
    var connections: [any Channel] = []
    var listener: (any Channel)?
  }

  private let state = Mutex(State())

  /// What happens to bytes from now on.
  var fault: Fault {
    get { state.withLock { $0.fault } }
    set { state.withLock { $0.fault = newValue } }
  }

  /// Bytes that have come by.
  var bytesPassed: Int { state.withLock { $0.passed } }

  /// Listens and passes connections on; gives its port.
  func start(to port: Int) async throws -> Int {
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { near in
        // Both ends live on one loop, so that the handlers may touch each other.
        ClientBootstrap(group: near.eventLoop)
          .channelInitializer { far in
            far.eventLoop.makeCompletedFuture {
              try far.pipeline.syncOperations.addHandler(Relay(near, self))
            }
          }
          .connect(host: "127.0.0.1", port: port)
          .flatMapThrowing { far in
            try near.pipeline.syncOperations.addHandler(Relay(far, self))
            self.state.withLock { $0.connections += [near, far] }
          }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    state.withLock { $0.listener = listener }
    return listener.localAddress?.port ?? 0
  }

  /// Breaks every connection; new ones may come.
  func breakAll() async {
    let connections = state.withLock { state in
      defer { state.connections = [] }
      return state.connections
    }
    for connection in connections { try? await connection.close() }
  }

  func stop() async {
    try? await state.withLock { $0.listener }?.close()
    await breakAll()
  }

  fileprivate func pass(_ count: Int) -> (fault: Fault, before: Int) {
    state.withLock { state in
      defer { state.passed += count }
      return (state.fault, state.passed)
    }
  }

  /// Moves what one side sends to the other.
  private final class Relay: ChannelInboundHandler, @unchecked Sendable {
    // SAFETY: touched on the event loop that both channels share.
    typealias InboundIn = ByteBuffer
    private let other: any Channel
    private let proxy: FaultProxy

    init(_ other: any Channel, _ proxy: FaultProxy) {
      self.other = other
      self.proxy = proxy
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      var bytes = Array(unwrapInboundIn(data).readableBytesView)
      let (fault, before) = proxy.pass(bytes.count)
      switch fault {
      case .none: write(bytes)
      case .trickle: for byte in bytes { write([byte]) }
      case .delay(let time):
        let (other, late) = (other, ByteBuffer(bytes: bytes))
        context.eventLoop.scheduleTask(in: time) { other.writeAndFlush(late, promise: nil) }
      case .cut(let limit):
        guard before + bytes.count > limit else { return write(bytes) }
        write(Array(bytes.prefix(max(0, limit - before))))
        other.close(promise: nil)
        context.close(promise: nil)
      case .corrupt(let distance):
        for index in bytes.indices where (before + index) % distance == distance - 1 {
          bytes[index] = ~bytes[index]
        }
        write(bytes)
      case .reorder: write(Array(bytes[(bytes.count / 2)...] + bytes[..<(bytes.count / 2)]))
      case .swallow: break
      }
    }

    func channelInactive(context: ChannelHandlerContext) {
      if case .swallow = proxy.fault { return }
      other.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }

    private func write(_ bytes: [UInt8]) {
      other.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }
  }
}

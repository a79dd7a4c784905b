import NIOCore
import NIOPosix
import RPCWire

/// A peer that writes whatever bytes a test wants, and gathers what comes back.
final class RawPeer: Sendable {
  private final class Collector: ChannelInboundHandler, @unchecked Sendable {
    // SAFETY: touched on the channel's event loop only.
    typealias InboundIn = ByteBuffer
    var bytes: [UInt8] = []
    var waiters: [(count: Int, promise: EventLoopPromise<Void>)] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      bytes += unwrapInboundIn(data).readableBytesView
      notify(isClosed: false)
    }

    func channelInactive(context: ChannelHandlerContext) { notify(isClosed: true) }

    func notify(isClosed: Bool) {
      for waiter in waiters where isClosed || bytes.count >= waiter.count {
        waiter.promise.succeed()
      }
      waiters.removeAll { isClosed || bytes.count >= $0.count }
    }
  }

  private let channel: any Channel
  private let collector: Collector

  /// Connects over plain TCP.
  init(port: Int, reads: Bool = true) async throws {
    let collector = Collector()
    self.collector = collector
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.autoRead, value: reads)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(collector)
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
  }

  func send(_ bytes: [UInt8]) async {
    try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
  }

  /// Everything that came until the other side closed.
  func readToEnd() async throws -> [UInt8] {
    try? await channel.closeFuture.get()
    return try await channel.eventLoop.submit { self.collector.bytes }.get()
  }

  /// What has come once at least `count` bytes are there, or the other side has closed.
  func read(atLeast count: Int) async throws -> [UInt8] {
    try await channel.eventLoop.flatSubmit { () -> EventLoopFuture<Void> in
      let promise = self.channel.eventLoop.makePromise(of: Void.self)
      self.collector.waiters.append((count, promise))
      self.collector.notify(isClosed: !self.channel.isActive)
      return promise.futureResult
    }.get()
    return try await channel.eventLoop.submit { self.collector.bytes }.get()
  }

  func close() async { try? await channel.close() }
}

/// Bytes of one frame, right or wrong.
func frame(
  _ type: UInt8,
  _ flags: UInt8 = 0,
  call: UInt64 = 0,
  length: Int? = nil,
  _ payload: [UInt8] = []
) -> [UInt8] {
  let length = UInt32(length ?? payload.count)
  return bigEndian(length) + [type, flags, 0, 0] + bigEndian(call) + payload
}

/// An integer in network order.
func bigEndian<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
  withUnsafeBytes(of: value.bigEndian) { Array($0) }
}

/// The payload of a CALL frame.
func callPayload(
  _ method: String,
  timeout: UInt8? = nil,
  message: [UInt8] = []
) -> [UInt8] {
  var header: [UInt8] = [0x0a, UInt8(method.utf8.count)] + method.utf8
  if let timeout { header += [0x10, timeout] }
  return bigEndian(UInt32(header.count)) + header + message
}

/// A HELLO of version 1 with default limits.
let helloFrame = frame(1, 0, [0x08, 1, 0x10, 1])

/// Frames found in bytes.
func parseFrames(_ bytes: [UInt8]) throws -> [(header: FrameHeader, payload: [UInt8])] {
  var frames: [(FrameHeader, [UInt8])] = []
  var offset = 0
  while bytes.count - offset >= FrameHeader.byteCount {
    let header = try FrameHeader(bytes.span.bytes, at: offset, framePayloadBytesMax: 1 << 24)
    offset += FrameHeader.byteCount
    guard bytes.count - offset >= header.length else { break }
    frames.append((header, Array(bytes[offset..<(offset + header.length)])))
    offset += header.length
  }
  return frames
}

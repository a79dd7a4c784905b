internal import NIOCore

/// Stands before everything else in a connection: counts its bytes and ends it when nothing comes.
final class ConnectionGuard: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let metrics: RPCServerMetrics
  private let firstByteTimeout: TimeAmount
  private var timer: Scheduled<Void>?

  /// A guard for one connection; a timeout of zero waits as long as the handshake may take.
  init(metrics: RPCServerMetrics, firstByteTimeout: TimeAmount) {
    self.metrics = metrics
    self.firstByteTimeout = firstByteTimeout
  }

  func channelActive(context: ChannelHandlerContext) {
    if firstByteTimeout > .zero {
      timer = context.eventLoop.assumeIsolated().scheduleTask(in: firstByteTimeout) {
        context.fireErrorCaught(TLSError.noFirstByte)
        context.close(promise: nil)
      }
    }
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if let timer {
      timer.cancel()
      self.timer = nil
    }
    metrics.received(unwrapInboundIn(data).readableBytes)
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    metrics.sent(unwrapOutboundIn(data).readableBytes)
    context.write(data, promise: promise)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
    context.fireChannelInactive()
  }
}

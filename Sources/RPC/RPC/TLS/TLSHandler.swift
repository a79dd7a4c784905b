internal import NIOCore

/// Turns ciphertext of the socket into plaintext for the next handler, and back.
///
/// Plaintext written during a loop turn is encrypted at once and goes to the socket with the flush
/// that ends the turn.
@safe
final class TLSHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Fired to the next handler when the handshake is done.
  struct HandshakeCompleted: Sendable {
    /// The peer's verified identity; nil when it sent no certificate.
    let identity: RPCPeer.Identity?
  }

  private enum State {
    case handshaking
    case established
    case closed
  }

  private var session: TLSSession
  private var state = State.handshaking
  private var hasOutput = false

  /// Plaintext is encrypted in slices of this size, so that OpenSSL's buffer stays small.
  private static let sliceBytes = 32_768
  /// Room for plaintext to begin with, and to grow by.
  private static let readBytesMin = 512

  /// A handler for one connection.
  init(_ context: TLSContext, serverName: String?) throws(TLSError) {
    session = try TLSSession.make(context, serverName: serverName)
  }

  func channelActive(context: ChannelHandlerContext) {
    goOn(context)
    flush(context: context)
    context.fireChannelActive()
  }

  func handlerAdded(context: ChannelHandlerContext) {
    guard context.channel.isActive else { return }
    goOn(context)
    flush(context: context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard state != .closed else { return }
    let ciphertext = unwrapInboundIn(data)
    do throws(TLSError) {
      let session = unsafe ciphertext.withUnsafeReadableBytes { bytes in
        Result { () throws(TLSError) in unsafe try self.session.receive(bytes) }
      }
      try session.get()
      if state == .handshaking { try shakeHands(context) }
      if state == .established { try readPlaintext(context) }
    } catch {
      fail(context, error)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    if session.outgoingByteCount > 0 { flush(context: context) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if state == .handshaking { context.fireErrorCaught(TLSError.closedInHandshake) }
    state = .closed
    context.fireChannelInactive()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard state == .established else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    let plaintext = unwrapOutboundIn(data)
    do throws(TLSError) {
      var offset = plaintext.readerIndex
      while offset < plaintext.writerIndex {
        let count = min(TLSHandler.sliceBytes, plaintext.writerIndex - offset)
        let result = unsafe plaintext.withUnsafeReadableBytes { bytes in
          let start = offset - plaintext.readerIndex
          return Result { () throws(TLSError) in
            try unsafe session.write(
              UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)])
            )
          }
        }
        try result.get()
        offset += count
        moveOutput(context)
      }
      promise?.succeed()
    } catch {
      promise?.fail(error)
      fail(context, error)
    }
  }

  func flush(context: ChannelHandlerContext) {
    moveOutput(context)
    guard hasOutput else { return }
    hasOutput = false
    context.flush()
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if state == .established {
      session.shutdown()
      flush(context: context)
    }
    state = .closed
    context.close(mode: mode, promise: promise)
  }

  private func goOn(_ context: ChannelHandlerContext) {
    do throws(TLSError) {
      if state == .handshaking { try shakeHands(context) }
    } catch {
      fail(context, error)
    }
  }

  private func shakeHands(_ context: ChannelHandlerContext) throws(TLSError) {
    guard try session.handshake() else { return }
    state = .established
    moveOutput(context)
    context.fireUserInboundEventTriggered(HandshakeCompleted(identity: session.peerIdentity))
  }

  private func readPlaintext(
    _ context: ChannelHandlerContext
  ) throws(TLSError) {
    // Plaintext is shorter than its records, so this much is enough for what has come.
    var plaintext = context.channel.allocator.buffer(
      capacity: max(session.incomingByteCount, TLSHandler.readBytesMin)
    )
    var isClosed = false
    reading: while true {
      var result: Result<TLSSession.Reading, TLSError> = .success(.needsInput)
      unsafe plaintext.writeWithUnsafeMutableBytes(
        minimumWritableBytes: plaintext.writableBytes > 0 ? 1 : TLSHandler.readBytesMin
      ) { bytes in
        result = Result { () throws(TLSError) in unsafe try session.read(into: bytes) }
        if case .success(.bytes(let count)) = result { return count }
        return 0
      }
      switch try result.get() {
      case .bytes: continue reading
      case .needsInput: break reading
      case .closed:
        isClosed = true
        break reading
      }
    }
    if plaintext.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plaintext)) }
    if isClosed { context.close(promise: nil) }
  }

  private func moveOutput(_ context: ChannelHandlerContext) {
    let byteCount = session.outgoingByteCount
    guard byteCount > 0 else { return }
    var ciphertext = context.channel.allocator.buffer(capacity: byteCount)
    unsafe ciphertext.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { bytes in
      unsafe session.takeOutgoing(into: bytes)
    }
    hasOutput = true
    context.write(wrapOutboundOut(ciphertext), promise: nil)
  }

  /// Sends the alert that OpenSSL left, tells the next handler why, and closes.
  private func fail(_ context: ChannelHandlerContext, _ error: TLSError) {
    guard state != .closed else { return }
    state = .closed
    flush(context: context)
    context.fireErrorCaught(error)
    context.close(promise: nil)
  }
}

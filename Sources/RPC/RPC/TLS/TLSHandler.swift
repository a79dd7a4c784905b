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

  private let session: TLSSession
  private var state = State.handshaking
  private var hasOutput = false

  /// Plaintext is encrypted in slices of this size, so that what is in work stays in the cache.
  private static let sliceBytes = 65_536
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
    unsafe ciphertext.withUnsafeReadableBytes { bytes in
      unsafe session.lend(input: bytes)
      defer { session.endInput() }
      do throws(TLSError) {
        if state == .handshaking { try shakeHands(context) }
        if state == .established { try readPlaintext(context, ciphertextByteCount: bytes.count) }
      } catch {
        fail(context, error)
      }
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    flush(context: context)
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
    var result: Result<Void, TLSError> = .success(())
    unsafe plaintext.withUnsafeReadableBytes { bytes in
      var rest = unsafe bytes[...]
      while unsafe !rest.isEmpty, case .success = result {
        let slice = unsafe rest.prefix(TLSHandler.sliceBytes)
        unsafe rest = unsafe rest.dropFirst(slice.count)
        unsafe result = encrypt(context, UnsafeRawBufferPointer(rebasing: slice))
      }
    }
    switch result {
    case .success: promise?.succeed()
    case .failure(let error):
      promise?.fail(error)
      fail(context, error)
    }
  }

  func flush(context: ChannelHandlerContext) {
    moveOverflow(context)
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
    moveOverflow(context)
    context.fireUserInboundEventTriggered(HandshakeCompleted(identity: session.peerIdentity))
  }

  private func readPlaintext(
    _ context: ChannelHandlerContext,
    ciphertextByteCount: Int
  ) throws(TLSError) {
    // Plaintext is shorter than its records, so this much is mostly enough for what has come.
    var plaintext = context.channel.allocator.buffer(
      capacity: max(ciphertextByteCount, TLSHandler.readBytesMin)
    )
    var isClosed = false
    reading: while session.mayHavePlaintext {
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

  private func encrypt(
    _ context: ChannelHandlerContext,
    _ plaintext: UnsafeRawBufferPointer
  ) -> Result<Void, TLSError> {
    moveOverflow(context)
    let byteCountMax = TLSSession.ciphertextByteCountMax(ofPlaintext: plaintext.count)
    var ciphertext = context.channel.allocator.buffer(capacity: byteCountMax)
    var result: Result<Void, TLSError> = .success(())
    unsafe ciphertext.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCountMax) { bytes in
      do throws(TLSError) {
        return try unsafe session.write(plaintext, into: bytes)
      } catch {
        result = .failure(error)
        return 0
      }
    }
    if ciphertext.readableBytes > 0 {
      hasOutput = true
      context.write(wrapOutboundOut(ciphertext), promise: nil)
    }
    moveOverflow(context)
    return result
  }

  /// Sends what OpenSSL has to say by itself.
  private func moveOverflow(_ context: ChannelHandlerContext) {
    guard session.hasOverflow else { return }
    hasOutput = true
    context.write(
      wrapOutboundOut(context.channel.allocator.buffer(bytes: session.takeOverflow())),
      promise: nil
    )
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

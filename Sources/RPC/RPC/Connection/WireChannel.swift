internal import LargeMemory
internal import Logging
internal import NIOCore
internal import RPCWire

/// What a connection's owner does with the machine's events.
///
/// All calls come on the loop.
protocol WireDriver: AnyObject {
  /// The HELLOs are exchanged.
  func connectionIsReady(_ channel: WireChannel)
  /// Acts on an event; message ranges refer to `payload`, which is gone when this returns.
  func handle(_ event: WireEvent, _ payload: RawSpan, _ channel: WireChannel)
  /// The waiting message of this call has been written.
  func writeCompleted(_ callID: UInt64, _ channel: WireChannel)
  /// A message is about to be sent as a zlib stream (W40).
  func messageDeflated()
  /// The connection is gone, with the reason; comes exactly once.
  func connectionLost(_ error: RPCError, _ channel: WireChannel)
}

/// One connection: feeds received bytes to the wire machine and writes what the machine puts out.
///
/// SAFETY: confined to its event loop; every method is called there.
@safe
final class WireChannel: ChannelInboundHandler, RPCLoop.Flushable, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let loop: RPCLoop
  var machine: ConnectionMachine
  private(set) var peer: RPCPeer
  private(set) var isClosed = false
  private let driver: any WireDriver
  private let timing: RPCTiming
  private let logger: Logger
  private var decoder: FrameDecoder
  private var context: ChannelHandlerContext?
  private var isFlushRequested = false
  private var hasStarted = false
  private var helloTimeout: Scheduled<Void>?
  private var keepAlive: KeepAlive?
  private var keepAliveCheck: Scheduled<Void>?
  private var lossReason: RPCError?

  /// Answers to control frames that may wait for a peer that does not read (W35), in bytes.
  private static let backlogBytesMax = 4_194_304
  /// Output storage kept between turns, in bytes.
  private static let keptOutputBytes = 16_384

  /// A connection whose HELLO goes out when the handshake is done.
  init(
    loop: RPCLoop,
    machine: ConnectionMachine,
    driver: any WireDriver,
    address: String,
    timing: RPCTiming,
    logger: Logger
  ) {
    self.loop = loop
    self.machine = machine
    self.driver = driver
    self.peer = RPCPeer(address: address, identity: nil)
    self.timing = timing
    self.logger = logger
    self.decoder = FrameDecoder(framePayloadBytesMax: machine.local.framePayloadBytesMax)
  }

  // MARK: What the owner asks for

  /// Has the machine's output written at the end of this turn.
  func flushLater() {
    guard !isFlushRequested, !isClosed else { return }
    isFlushRequested = true
    loop.flushLater(self)
  }

  /// The zlib stream of a message, when both sides speak it and it is shorter (W40).
  func compressed(_ message: RawSpan) -> [UInt8]? {
    guard machine.allowsCompression, let stream = MessageCompression.deflated(message) else {
      return nil
    }
    driver.messageDeflated()
    return stream
  }

  /// The same for a message in several places.
  func compressed(_ message: ScatteredBytes) -> [UInt8]? {
    guard machine.allowsCompression else { return nil }
    return unsafe compressed(message.joined.span.bytes)
  }

  /// Sends one message on an open call, compressed where that is in force.
  func send(_ message: RawSpan, on callID: UInt64) -> SendResult {
    if let stream = compressed(message) {
      return unsafe machine.send(stream.span.bytes, on: callID, isCompressed: true, end: false)
    }
    return machine.send(message, on: callID, end: false)
  }

  /// Writes what is waiting, then closes.
  func close(_ reason: RPCError) {
    guard !isClosed else { return }
    lossReason = lossReason ?? reason
    write()
    context?.flush()
    context?.close(promise: nil)
  }

  /// Writes the machine's output, lets waiting messages follow, and flushes.
  func flushTurn() {
    isFlushRequested = false
    guard !isClosed, let context else { return }
    machine.isTransportCongested = !context.channel.isWritable
    guard !machine.isTransportCongested else { return checkBacklog() }
    var hasWritten = false
    while !machine.output.isEmpty, context.channel.isWritable {
      // A large message goes through the same storage again and again.
      write(keepingAtMost: .max)
      hasWritten = true
      machine.pump()
    }
    if machine.output.isEmpty {
      machine.output.removeAll(keepingAtMost: WireChannel.keptOutputBytes)
    }
    machine.isTransportCongested = !context.channel.isWritable
    if hasWritten { context.flush() }
    completeWrites()
  }

  // MARK: What NIO reports

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    helloTimeout = context.eventLoop.assumeIsolated().scheduleTask(in: timing.handshake) {
      let missing = self.hasStarted ? "no HELLO" : "no end of the TLS handshake"
      let time = Duration.nanoseconds(self.timing.handshake.nanoseconds)
      self.close(RPCError(code: .unavailable, message: "\(missing) within \(time)"))
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let completed = event as? TLSHandler.HandshakeCompleted {
      peer = RPCPeer(address: peer.address, identity: completed.identity)
      start()
    }
    context.fireUserInboundEventTriggered(event)
  }

  /// Sends HELLO; called when the handshake is done, or at once without TLS.
  func start() {
    hasStarted = true
    flushLater()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    loop.beginTurn()
    keepAlive?.received(now: NIODeadline.now().uptimeNanoseconds)
    let buffer = unwrapInboundIn(data)
    process(buffer.readableBytesSpan)
    if !machine.output.isEmpty { flushLater() }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    completeWrites()
    loop.endTurn()
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      machine.isTransportCongested = false
      machine.pump()
      flushLater()
    } else {
      machine.isTransportCongested = true
    }
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    logger.debug(
      "connection failed",
      metadata: ["rpc.peer": "\(peer.address)", "rpc.reason": "\(error)"]
    )
    if lossReason == nil {
      lossReason = RPCError(
        code: .unavailable,
        message: "connection to \(peer.address) failed: \(error)",
        cause: error
      )
    }
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    lose()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    lose()
    self.context = nil
  }

  // MARK: Frames

  private func process(_ input: RawSpan) {
    var offset = 0
    do throws(WireError) {
      while machine.phase != .failed {
        switch try decoder.advance(input, &offset) {
        case .needsInput: return
        case .header(let header):
          switch try machine.admit(header) {
          case .take: break
          case .skip(.none): decoder.skipPayload()
          case .skip(let event):
            decoder.skipPayload()
            driver.handle(event, RawSpan(), self)
          }
        case .frame(let header, let payload):
          try act(on: header, input.extracting(payload))
        case .gatheredFrame(let header):
          let payload = decoder.gatheredPayload
          try unsafe act(on: header, payload.span.bytes)
        case .skippedFrame: break
        }
      }
    } catch {
      refuse(error)
    }
  }

  private func act(on header: FrameHeader, _ payload: RawSpan) throws(WireError) {
    let event = try machine.receive(header, payload)
    switch event {
    case .none, .pong: break
    case .ready:
      helloTimeout?.cancel()
      helloTimeout = nil
      startKeepAlive()
      driver.connectionIsReady(self)
    default: driver.handle(event, payload, self)
    }
  }

  /// W37: says what rule was broken and closes.
  private func refuse(_ error: WireError) {
    logger.debug(
      "peer broke the protocol",
      metadata: ["rpc.peer": "\(peer.address)", "rpc.rule": "\(error)"]
    )
    machine.fail(error)
    close(
      RPCError(
        code: .unavailable,
        message: "\(peer.address) broke the wire protocol: \(error)",
        cause: error
      )
    )
  }

  // MARK: Output

  private func write(keepingAtMost keptBytes: Int = WireChannel.keptOutputBytes) {
    guard let context, !machine.output.isEmpty else { return }
    var buffer = context.channel.allocator.buffer(capacity: machine.output.count)
    buffer.writeBytes(machine.output.bytes)
    machine.output.removeAll(keepingAtMost: keptBytes)
    context.write(wrapOutboundOut(buffer), promise: nil)
  }

  private func completeWrites() {
    for callID in machine.takeCompletedWrites() { driver.writeCompleted(callID, self) }
  }

  /// W35: what waits here while the transport takes nothing is only answers to control frames.
  private func checkBacklog() {
    guard machine.output.count > WireChannel.backlogBytesMax else { return }
    refuse(WireError(rule: 35, "\(machine.output.count) bytes of answers wait unread"))
  }

  // MARK: Life

  private func startKeepAlive() {
    guard timing.keepAlive > .zero else { return }
    let now = NIODeadline.now().uptimeNanoseconds
    keepAlive = KeepAlive(interval: UInt64(timing.keepAlive.nanoseconds), now: now)
    checkAlive()
  }

  /// W34: a silent interval sends PING, another one ends the connection.
  private func checkAlive() {
    guard let context else { return }
    switch keepAlive?.check(now: NIODeadline.now().uptimeNanoseconds) {
    case nil: return
    case .dead:
      close(RPCError(code: .unavailable, message: "\(peer.address) is silent; taken for dead"))
    case .ping(let next):
      machine.ping(opaque: 0x6d6f_726c_6169_6631)
      flushLater()
      scheduleCheck(at: next, context)
    case .wait(let next): scheduleCheck(at: next, context)
    }
  }

  private func scheduleCheck(at instant: UInt64, _ context: ChannelHandlerContext) {
    keepAliveCheck = context.eventLoop.assumeIsolated().scheduleTask(
      deadline: NIODeadline.uptimeNanoseconds(instant)
    ) {
      self.checkAlive()
    }
  }

  private func lose() {
    guard !isClosed else { return }
    isClosed = true
    helloTimeout?.cancel()
    keepAliveCheck?.cancel()
    machine.close()
    driver.connectionLost(
      lossReason
        ?? RPCError(code: .unavailable, message: "connection to \(peer.address) was closed"),
      self
    )
    // A read that ends with the connection has no `channelReadComplete`.
    loop.endTurn()
  }
}

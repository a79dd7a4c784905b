internal import ProtobufRuntime
internal import RPCWire

/// Messages that go out on one call, one at a time, each writer waiting for its turn and for window.
///
/// SAFETY: everything is touched on the loop only; `write` and `finish` go there first.
@safe
final class OutboundMessages: @unchecked Sendable {
  @safe
  private struct Write {
    let id: UInt64
    let bytes: [UInt8]
    let writer: UnsafeContinuation<RPCError?, Never>
  }

  let loop: RPCLoop
  /// Let go of when the call is over.
  private var channel: WireChannel?
  /// Nil at a client until the call is open; writers wait.
  private var callID: UInt64?
  private var waiting = Fifo<Write>()
  /// The writer whose message the machine holds.
  private var current: Write?
  private var isMachineBusy = false
  private var hasFinished = false
  private var end: RPCError?
  private var nextWriteID: UInt64 = 0
  /// Those who wait for the end of the call.
  private var mourners: [AsyncStream<Never>.Continuation] = []

  /// Messages of a call that will be opened, or is, on this loop.
  init(loop: RPCLoop) { self.loop = loop }

  /// The call is open: what waits may go.
  func opened(_ callID: UInt64, on channel: WireChannel, isMachineBusy: Bool) {
    guard end == nil else { return }
    self.callID = callID
    self.channel = channel
    self.isMachineBusy = isMachineBusy
    sendNext()
  }

  /// The machine has written the message it held.
  func writeCompleted() {
    isMachineBusy = false
    if let current {
      self.current = nil
      unsafe current.writer.resume(returning: nil)
    }
    sendNext()
  }

  /// The call is over; writers get `error`.
  func close(_ error: RPCError) {
    guard end == nil else { return }
    end = error
    channel = nil
    if let current { unsafe current.writer.resume(returning: error) }
    current = nil
    while let write = waiting.popFirst() { unsafe write.writer.resume(returning: error) }
    for mourner in mourners { mourner.finish() }
    mourners = []
  }

  /// Returns when the call is over, or the task is cancelled.
  func waitUntilOver() async {
    let (over, mourner) = AsyncStream.makeStream(of: Never.self)
    loop.run {
      if self.end == nil { self.mourners.append(mourner) } else { mourner.finish() }
    }
    for await _ in over {}
  }

  /// Sends a message; returns when it is on its way, which waits for window and turn.
  func write(_ message: some ProtobufMessage) async throws(RPCError) {
    if loop.isCurrent, try writeAtOnce(message) { return }
    let bytes: [UInt8]
    do throws(MessageError) {
      bytes = try message.encoded()
    } catch {
      throw RPCError(code: .internal, message: "cannot encode: \(error)", cause: error)
    }
    let ticket = WriteTicket()
    let error = await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { (writer: UnsafeContinuation<RPCError?, Never>) in
        let writer = unsafe SendableWriter(continuation: writer)
        loop.run { unsafe self.enqueue(bytes, writer.continuation, ticket) }
      }
    } onCancel: {
      loop.runLater { self.cancel(ticket) }
    }
    if let error { throw error }
  }

  /// No more messages will be written (client).
  func finish() {
    loop.run {
      guard !self.hasFinished else { return }
      self.hasFinished = true
      self.sendNext()
    }
  }

  // MARK: On the loop

  /// Which write a cancellation means; touched on the loop only.
  private final class WriteTicket: @unchecked Sendable {
    // SAFETY: both are touched on the loop only.
    var id: UInt64?
    var isCancelled = false
  }

  /// SAFETY: a continuation may be resumed from any thread.
  @safe
  private struct SendableWriter: @unchecked Sendable {
    let continuation: UnsafeContinuation<RPCError?, Never>
  }

  /// Encodes straight into the connection's output when nothing is in the way.
  private func writeAtOnce(_ message: some ProtobufMessage) throws(RPCError) -> Bool {
    if let end { throw end }
    guard let callID, let channel, !isMachineBusy, waiting.isEmpty, !hasFinished,
      channel.machine.canSendAtOnce
    else { return false }
    var result = SendResult.closed
    do throws(MessageError) {
      try unsafe message.withEncoded { bytes in
        result = channel.send(unsafe RawSpan(_unsafeBytes: bytes), on: callID)
      }
    } catch {
      throw RPCError(code: .internal, message: "cannot encode: \(error)", cause: error)
    }
    channel.flushLater()
    switch result {
    case .written: return true
    case .closed: throw OutboundMessages.over
    case .pending:
      // The machine has the bytes; there is no writer to wake, and the next one waits.
      isMachineBusy = true
      return true
    }
  }

  private func enqueue(
    _ bytes: [UInt8],
    _ writer: UnsafeContinuation<RPCError?, Never>,
    _ ticket: WriteTicket
  ) {
    if let end { return unsafe writer.resume(returning: end) }
    guard !ticket.isCancelled else {
      return unsafe writer.resume(returning: OutboundMessages.cancelled)
    }
    guard !hasFinished else { return unsafe writer.resume(returning: OutboundMessages.over) }
    nextWriteID += 1
    ticket.id = nextWriteID
    waiting.append(unsafe Write(id: nextWriteID, bytes: bytes, writer: writer))
    sendNext()
  }

  private func cancel(_ ticket: WriteTicket) {
    ticket.isCancelled = true
    guard let id = ticket.id else { return }
    if let write = current, write.id == id {
      current = nil
      unsafe write.writer.resume(returning: OutboundMessages.cancelled)
    }
    for write in waiting.remove(where: { $0.id == id }) {
      unsafe write.writer.resume(returning: OutboundMessages.cancelled)
    }
  }

  private func sendNext() {
    guard let callID, let channel, end == nil else { return }
    while !isMachineBusy, let write = waiting.popFirst() {
      let result = unsafe channel.send(write.bytes.span.bytes, on: callID)
      channel.flushLater()
      switch result {
      case .written: unsafe write.writer.resume(returning: nil)
      case .closed: unsafe write.writer.resume(returning: OutboundMessages.over)
      case .pending:
        isMachineBusy = true
        current = write
      }
    }
    if hasFinished, waiting.isEmpty, !isMachineBusy {
      channel.machine.sendEnd(on: callID)
      channel.flushLater()
    }
  }

  private static let cancelled = RPCError(
    code: .cancelled,
    message: "the task that wrote was cancelled"
  )
  private static let over = RPCError(code: .cancelled, message: "the call is over")
}

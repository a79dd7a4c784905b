internal import LargeMemory
internal import Logging
internal import NIOCore
internal import RPCWire

/// One connection of a client: opens calls and brings each its replies and its outcome.
///
/// SAFETY: confined to its loop; callers go there first.
@safe
final class ClientConnection: WireDriver, @unchecked Sendable {
  let loop: RPCLoop
  private let target: RPCTarget
  private let logger: Logger
  private let onReady: @Sendable (ClientConnection) -> Void
  /// The connection takes no new calls.
  private let onLeaving: @Sendable (ClientConnection) -> Void
  private let onGone: @Sendable (ClientConnection, RPCError) -> Void
  private var channel: WireChannel?
  private var calls: [UInt64: ClientCall] = [:]
  /// Calls beyond the server's limit (W23).
  private var waiting = Fifo<ClientCall>()
  private var deadlines: DeadlineTimer?
  private var closedReason: RPCError?
  private var hasLeft = false

  /// A connection that `attach` completes.
  init(
    loop: RPCLoop,
    target: RPCTarget,
    logger: Logger,
    onReady: @escaping @Sendable (ClientConnection) -> Void,
    onLeaving: @escaping @Sendable (ClientConnection) -> Void,
    onGone: @escaping @Sendable (ClientConnection, RPCError) -> Void
  ) {
    self.loop = loop
    self.target = target
    self.logger = logger
    self.onReady = onReady
    self.onLeaving = onLeaving
    self.onGone = onGone
  }

  /// Ties the connection to its channel.
  func attach(_ channel: WireChannel) {
    self.channel = channel
    // Strong until the connection is lost: a weak reference would make every use of this object slower.
    deadlines = DeadlineTimer(loop.eventLoop) { self.expireCalls() }
  }

  // MARK: Calls, on the loop

  /// Opens a call, or queues it while the server's limit is reached.
  func start(_ call: ClientCall) {
    guard !call.isOver else { return }
    guard !call.isCancelled else { return call.end(.failure(ClientConnection.cancelled)) }
    guard let channel, closedReason == nil, !hasLeft else {
      return call.end(.failure(unprocessed(closedReason)))
    }
    if let refusal = refusal(of: call, channel) { return call.end(.failure(refusal)) }
    if let deadline = call.deadline { deadlines?.watch(deadline) }
    guard channel.machine.canOpenCall else { return waiting.append(call) }
    open(call, channel)
  }

  /// Ends a call on the caller's wish (W19).
  func cancel(_ call: ClientCall, _ error: RPCError = ClientConnection.cancelled) {
    call.isCancelled = true
    guard !call.isOver, let callID = call.callID else { return end(waitingCall: call, error) }
    channel?.machine.cancel(callID, Cancel(code: error.code.status, reason: error.message))
    channel?.flushLater()
    end(callID, .failure(error))
  }

  /// Whether a call's outcome is known.
  ///
  /// From anywhere.
  func isOver(_ call: ClientCall) async -> Bool {
    await withCheckedContinuation { continuation in
      loop.run { continuation.resume(returning: call.isOver) }
    }
  }

  /// Gives back the window of a reply that was read.
  func taken(_ callID: UInt64, cost: Int) {
    guard let channel else { return }
    channel.machine.taken(callID, cost: cost)
    if !channel.machine.output.isEmpty { channel.flushLater() }
  }

  /// Ends all calls and closes.
  func close() {
    let error = RPCError(code: .cancelled, message: "the client was closed")
    closedReason = closedReason ?? error
    endAll(error)
    channel?.machine.goAway(reason: "")
    channel?.close(error)
  }

  /// Takes no new calls and closes when the open ones are done.
  func leave() {
    guard !hasLeft, let channel else { return }
    hasLeft = true
    onLeaving(self)
    closeIfDrained(channel)
  }

  // MARK: WireDriver

  func connectionIsReady(_ channel: WireChannel) { onReady(self) }

  func handle(_ event: WireEvent, _ payload: RawSpan, _ channel: WireChannel) {
    switch event {
    case .message(let callID, let message, _):
      guard let call = calls[callID] else { return }
      if deliver(message, payload, call) { channel.machine.taken(callID, cost: message.cost) }
    case .ended(let callID, let status, let message):
      guard let call = calls[callID] else { return }
      if let message { _ = deliver(message, payload, call) }
      end(callID, status.code == .ok ? .success(()) : .failure(RPCError(status)))
    case .failed(let callID, let status): end(callID, .failure(RPCError(status)))
    case .goingAway(let goAway): leave(goAway, channel)
    case .none, .ready, .pong, .called, .requestsEnded, .cancelled: break
    }
  }

  func writeCompleted(_ callID: UInt64, _ channel: WireChannel) {
    calls[callID]?.writeCompleted()
  }

  func messageDeflated() {}

  func connectionLost(_ error: RPCError, _ channel: WireChannel) {
    deadlines?.cancel()
    deadlines = nil
    closedReason = closedReason ?? error
    self.channel = nil
    hasLeft = true
    // First: whose call ends here may make another at once, and not on this connection.
    onGone(self, error)
    endAll(error)
  }

  // MARK: Private

  private func open(_ call: ClientCall, _ channel: WireChannel) {
    let header = CallHeader(
      method: call.method.fullName,
      timeoutMicroseconds: ClientConnection.microsecondsLeft(call.deadline),
      metadata: call.metadata
    )
    let opened: (callID: UInt64, result: SendResult)
    if let message = call.firstMessage {
      let stream = channel.compressed(message)
      opened = channel.machine.open(
        header,
        message: stream.map { ScatteredBytes($0) } ?? message,
        isCompressed: stream != nil,
        end: call.endsWithFirstMessage
      )
      call.firstMessage = nil
    } else {
      opened = channel.machine.open(header, message: nil, end: call.endsWithFirstMessage)
    }
    calls[opened.callID] = call
    call.opened(opened.callID, on: channel, isMachineBusy: opened.result == .pending)
    channel.flushLater()
  }

  private func deliver(
    _ message: ReceivedMessage,
    _ payload: RawSpan,
    _ call: ClientCall
  ) -> Bool {
    switch message.place {
    case .payload(let range):
      call.received(
        payload.extracting(range),
        cost: message.cost,
        isCompressed: message.isCompressed
      )
    case .assembled(let bytes):
      unsafe call.received(
        bytes.span.bytes,
        cost: message.cost,
        isCompressed: message.isCompressed
      )
    }
  }

  private func end(_ callID: UInt64, _ outcome: Result<Void, RPCError>) {
    guard let call = calls.removeValue(forKey: callID) else { return }
    call.end(outcome)
    guard let channel else { return }
    while !waiting.isEmpty, channel.machine.canOpenCall, let next = waiting.popFirst() {
      if !next.isOver { open(next, channel) }
    }
    closeIfDrained(channel)
  }

  private func end(waitingCall call: ClientCall, _ error: RPCError) {
    // It stays in the queue, where `isOver` has it passed over.
    call.end(.failure(error))
  }

  /// W36: calls the server never took may go elsewhere; the others finish here.
  private func leave(_ goAway: GoAway, _ channel: WireChannel) {
    let reason =
      goAway.reason.isEmpty ? "\(target) is closing the connection" : "\(target): \(goAway.reason)"
    let error = RPCError(code: .unavailable, message: reason)
    logger.debug(
      "server is leaving",
      metadata: ["rpc.target": "\(target)", "rpc.reason": "\(reason)"]
    )
    hasLeft = true
    // First: whose call ends here may make it again at once, and not on this connection.
    onLeaving(self)
    while let call = waiting.popFirst() { call.end(.failure(unprocessed(error))) }
    let lost = calls.keys.filter { $0 > goAway.lastCallID }
    for callID in lost {
      channel.machine.cancel(callID, Cancel(code: .cancelled, reason: "not taken"))
      end(callID, .failure(unprocessed(error)))
    }
    if goAway.code != .ok { return channel.close(error) }
    closeIfDrained(channel)
  }

  private func closeIfDrained(_ channel: WireChannel) {
    guard hasLeft, calls.isEmpty else { return }
    channel.close(RPCError(code: .unavailable, message: "\(target) has stopped"))
  }

  private func endAll(_ error: RPCError) {
    while let call = waiting.popFirst() { call.end(.failure(unprocessed(error))) }
    let open = calls
    calls = [:]
    for call in open.values { call.end(.failure(error)) }
  }

  /// The error of a call that was never written (W38).
  private func unprocessed(_ reason: RPCError?) -> RPCError {
    var error = reason ?? RPCError(code: .unavailable, message: "\(target) is closing")
    if error.code == .unavailable { error.isUnprocessed = true }
    return error
  }

  /// What the server would refuse anyway (W22, W25).
  private func refusal(of call: ClientCall, _ channel: WireChannel) -> RPCError? {
    let peer = channel.machine.peer
    if let status = MetadataEntry.refusal(of: call.metadata, bytesMax: peer.metadataBytesMax) {
      return RPCError(status)
    }
    guard let byteCount = call.firstMessage?.count, byteCount > peer.messageBytesMax else {
      return nil
    }
    return RPCError(
      code: .resourceExhausted,
      message: "the request has \(byteCount) bytes, \(target) takes at most \(peer.messageBytesMax)"
    )
  }

  /// W24: ends what is due, telling the server.
  private func expireCalls() -> NIODeadline? {
    let now = NIODeadline.now()
    var next: NIODeadline?
    let error = RPCError(code: .deadlineExceeded, message: "no answer from \(target) in time")
    let queued = waiting.remove { call in call.isOver || (call.deadline.map { $0 <= now } ?? false)
    }
    for call in queued { call.end(.failure(error)) }
    for call in Array(calls.values) {
      guard let deadline = call.deadline else { continue }
      if deadline <= now {
        cancel(call, error)
      } else {
        next = min(next ?? deadline, deadline)
      }
    }
    waiting.forEach { call in
      if let deadline = call.deadline { next = min(next ?? deadline, deadline) }
    }
    return next
  }

  private static func microsecondsLeft(_ deadline: NIODeadline?) -> UInt64 {
    guard let deadline else { return 0 }
    let nanoseconds = (deadline - NIODeadline.now()).nanoseconds
    // A call whose time is already over still needs a deadline, and 0 would mean none.
    return UInt64(max(1, nanoseconds / 1_000))
  }

  static let cancelled = RPCError(code: .cancelled, message: "the caller gave up")
}

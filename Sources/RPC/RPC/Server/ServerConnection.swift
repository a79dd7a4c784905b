internal import Logging
internal import NIOCore
internal import ProtobufRuntime
internal import RPCWire

/// One client's connection: starts a handler for each call and sends what it answers.
///
/// SAFETY: confined to its loop; handlers run there too, and what they call goes there first.
@safe
final class ServerConnection: WireDriver, @unchecked Sendable {
  let loop: RPCLoop
  private let policy: ServerPolicy
  private let limits: RPCLimits
  private let decoding: DecodingLimits
  private let metrics: RPCServerMetrics
  private let refusals: RefusalLog
  private let interceptors: [any RPCServerInterceptor]
  private let logger: Logger
  private let freedMemory: FreedMemory
  private let onClose: @Sendable (ServerConnection) -> Void
  private var calls: [UInt64: ServerCall] = [:]
  private var channel: WireChannel?
  private var deadlines: DeadlineTimer?
  private var lingering: Scheduled<Void>?
  /// Most calls at once since there were none.
  private var callsPeak = 0
  private var isDraining = false
  private var isReady = false
  private let accepted = NIODeadline.now()
  private var edition: ServerPolicy.Edition
  /// What the rules of this edition say about this client, by method.
  private var permissions: [String: Bool] = [:]

  /// How long a drained connection without calls waits for the client to close it (W36).
  private static let linger = TimeAmount.seconds(1)

  /// A connection that `attach` completes.
  init(
    loop: RPCLoop,
    policy: ServerPolicy,
    limits: RPCLimits,
    metrics: RPCServerMetrics,
    refusals: RefusalLog,
    interceptors: [any RPCServerInterceptor],
    freedMemory: FreedMemory,
    logger: Logger,
    onClose: @escaping @Sendable (ServerConnection) -> Void
  ) {
    self.loop = loop
    self.policy = policy
    self.edition = policy.current
    self.limits = limits
    self.decoding = limits.decoding
    self.metrics = metrics
    self.refusals = refusals
    self.interceptors = interceptors
    self.freedMemory = freedMemory
    self.logger = logger
    self.onClose = onClose
  }

  /// Ties the connection to its channel.
  func attach(_ channel: WireChannel) {
    self.channel = channel
    // Strong until the connection is lost: a weak reference would make every use of this object slower.
    deadlines = DeadlineTimer(loop.eventLoop) { self.expireCalls() }
  }

  // MARK: For routes

  /// Decodes the only request of a call; ends the call when that fails (W21).
  func decode<Request: ProtobufMessage>(
    _ type: Request.Type,
    _ bytes: RawSpan,
    _ call: ServerCall
  ) -> Request? {
    let result = unsafe bytes.withUnsafeBytes { bytes in
      Result { () throws(MessageError) in unsafe try Request(protobuf: bytes, limits: decoding) }
    }
    switch result {
    case .success(let request): return request
    case .failure(let error):
      fail(call, RPCError(code: .invalidArgument, message: "\(error)", cause: error))
      release(call)
      return nil
    }
  }

  /// The stream of a call's requests.
  func makeStream<Request: ProtobufMessage>(
    of type: Request.Type,
    for call: ServerCall
  ) -> RPCStream<Request> {
    let callID = call.id
    let messages = InboundMessages()
    messages.onTaken { cost in
      self.loop.run {
        self.channel?.machine.taken(callID, cost: cost)
        if self.channel?.machine.output.isEmpty == false { self.channel?.flushLater() }
      }
    }
    call.inbound = messages
    return RPCStream(messages, limits: decoding, undecodable: .invalidArgument)
  }

  /// Where a call's replies go.
  func makeOutbound(for call: ServerCall) -> OutboundMessages {
    let outbound = OutboundMessages(loop: loop)
    call.outbound = outbound
    if let channel { outbound.opened(call.id, on: channel, isMachineBusy: false) }
    return outbound
  }

  /// Runs a handler on the loop.
  ///
  /// - Parameters:
  ///   - call: the call.
  ///   - body: runs the handler and returns what sends its result.
  func start(
    _ call: ServerCall,
    _ body: @escaping @Sendable (RPCServerContext) async throws -> @Sendable () -> Void
  ) {
    call.hasStarted = true
    call.task = Task(executorPreference: loop) {
      let finish: @Sendable () -> Void
      do {
        finish =
          if self.interceptors.isEmpty {
            try await body(call.context)
          } else {
            try await self.interceptors.around(call.context) { try await body($0) }
          }
      } catch {
        finish = { self.fail(call, RPCError(thrownByHandler: error)) }
      }
      if self.loop.isCurrent {
        finish()
        self.release(call)
      } else {
        self.loop.runLater {
          finish()
          self.release(call)
        }
      }
    }
  }

  /// Sends the only reply of a call and OK (W9).
  func reply(_ reply: some ProtobufMessage, to call: ServerCall) {
    guard !call.hasEnded, let channel else { return }
    var refusal: RPCError?
    do throws(MessageError) {
      try unsafe reply.withEncoded { bytes in
        if bytes.count > channel.machine.peer.messageBytesMax {
          refusal = ServerConnection.tooLong(bytes.count, channel.machine.peer.messageBytesMax)
          return
        }
        let message = unsafe RawSpan(_unsafeBytes: bytes)
        if let stream = channel.compressed(message) {
          channel.machine.sendStatus(
            call.id,
            EndStatus(),
            message: unsafe stream.span.bytes,
            isCompressed: true
          )
        } else {
          channel.machine.sendStatus(call.id, EndStatus(), message: message)
        }
      }
    } catch {
      refusal = RPCError(
        code: .internal,
        message: "the reply cannot be encoded: \(error)",
        cause: error
      )
    }
    if let refusal { return fail(call, refusal) }
    conclude(call, .ok)
  }

  /// Ends a streaming call with OK.
  func end(_ call: ServerCall) {
    guard !call.hasEnded else { return }
    channel?.machine.sendStatus(call.id, EndStatus(), message: nil)
    conclude(call, .ok)
  }

  /// Ends a call with an error and tells the handler, if it still runs, by cancelling its task.
  func fail(_ call: ServerCall, _ error: RPCError) {
    guard !call.hasEnded, let channel else { return }
    let status = error.status(metadataBytesMax: channel.machine.peer.metadataBytesMax)
    channel.machine.sendStatus(call.id, status, message: nil)
    conclude(call, status.code)
    abandon(call, error)
  }

  // MARK: WireDriver

  func connectionIsReady(_ channel: WireChannel) {
    isReady = true
    metrics.count { $0.handshakesCompleted += 1 }
    logger.debug(
      "client connected",
      metadata: [
        "rpc.peer": "\(channel.peer.address)",
        "rpc.identity": "\(channel.peer.identity?.name ?? "none")",
      ]
    )
    if isDraining { drain() }
  }

  func handle(_ event: WireEvent, _ payload: RawSpan, _ channel: WireChannel) {
    switch event {
    case .called(let callID, let header, let message, let endsRequests):
      accept(callID, header, channel)
      guard let call = calls[callID] else { return }
      if let message { receive(message, payload, call, channel) }
      if endsRequests { requestsEnded(call) }
    case .message(let callID, let message, let endsRequests):
      guard let call = calls[callID] else { return }
      receive(message, payload, call, channel)
      if endsRequests { requestsEnded(call) }
    case .requestsEnded(let callID):
      if let call = calls[callID] { requestsEnded(call) }
    case .cancelled(let callID, let cancel):
      guard let call = calls[callID] else { return }
      settle(call, cancel.code)
      abandon(call, RPCError(EndStatus(code: cancel.code, message: cancel.reason)))
    case .failed(let callID, let status):
      // The machine refused it before there was a call, or ended one that had begun.
      guard let call = calls[callID] else { return countRefusal(status, channel) }
      settle(call, status.code)
      abandon(call, RPCError(status))
    case .goingAway(let goAway):
      if goAway.code != .ok {
        channel.close(RPCError(EndStatus(code: .unavailable, message: goAway.reason)))
      }
    case .none, .ready, .pong, .ended: break
    }
  }

  func writeCompleted(_ callID: UInt64, _ channel: WireChannel) {
    calls[callID]?.outbound?.writeCompleted()
  }

  func messageDeflated() { metrics.count { $0.messagesDeflated += 1 } }

  func connectionLost(_ error: RPCError, _ channel: WireChannel) {
    deadlines?.cancel()
    deadlines = nil
    lingering?.cancel()
    logger.debug(
      "client gone",
      metadata: [
        "rpc.peer": "\(channel.peer.address)", "rpc.reason": "\(error.message)",
        "rpc.open_calls": "\(calls.count)",
      ]
    )
    reportLoss(error, channel)
    for call in calls.values {
      settle(call, .cancelled)
      abandon(call, RPCError(code: .cancelled, message: "the client is gone: \(error.message)"))
    }
    self.channel = nil
    onClose(self)
  }

  // MARK: Stopping

  /// Takes no new calls; closes when the open ones are done and the client has left (W36).
  func drain() {
    isDraining = true
    guard let channel else { return }
    // Before the HELLOs are exchanged nobody has a call to lose.
    guard channel.machine.phase == .open else {
      return channel.close(RPCError(code: .unavailable, message: "the server is stopping"))
    }
    channel.machine.goAway(reason: "the server is stopping")
    channel.flushLater()
    lingerIfIdle()
  }

  /// Closes the connection of a client that new rules revoke.
  func enforce(_ access: RPCAccessRules) {
    guard let channel, let identity = channel.peer.identity,
      let revoked = access.revocation(of: identity)
    else { return }
    refusals.log(
      "connection ended: revoked",
      [
        "rpc.peer": "\(channel.peer.address)", "rpc.identity": "\(identity.name)",
        "rpc.reason": "\(revoked)",
      ]
    )
    let error = RPCError(code: .permissionDenied, message: "\(identity.name) was revoked")
    for call in calls.values { fail(call, error) }
    channel.machine.goAway(code: .permissionDenied, reason: error.message)
    channel.close(error)
  }

  /// Ends what is still open and closes.
  func stop() {
    let error = RPCError(
      code: .unavailable,
      message: "the server stopped before the call was finished"
    )
    for call in calls.values { fail(call, error) }
    channel?.close(error)
  }

  // MARK: Private

  private func accept(_ callID: UInt64, _ header: CallHeader, _ channel: WireChannel) {
    if !policy.isCurrent(edition) {
      edition = policy.current
      permissions = [:]
    }
    guard let route = edition.router.routes[header.method] else {
      return refuse(callID, unknown(header.method), channel)
    }
    if let refusal = refusal(of: route, channel.peer) {
      return refuse(callID, refusal, channel)
    }
    let now = NIODeadline.now()
    var deadline: NIODeadline?
    var instant: ContinuousClock.Instant?
    if header.timeoutMicroseconds > 0 {
      let microseconds = Int64(clamping: header.timeoutMicroseconds)
      let due = now + .microseconds(microseconds)
      deadline = due
      instant = ContinuousClock.now + .microseconds(microseconds)
      deadlines?.watch(due)
    }
    let context = RPCServerContext(
      method: route.method,
      peer: channel.peer,
      metadata: RPCMetadata(header.metadata),
      deadline: instant
    )
    let call = ServerCall(
      id: callID,
      route: route,
      context: context,
      deadline: deadline,
      began: now
    )
    calls[callID] = call
    callsPeak = max(callsPeak, calls.count)
    route.metrics.began()
    metrics.callOpened()
    if case .stream(let start) = route.entry { start(call, self) }
  }

  /// W21: a method that is not here, or not here yet.
  private func unknown(_ method: String) -> EndStatus {
    guard edition.isLoading else {
      return EndStatus(code: .unimplemented, message: "there is no method \(method) here")
    }
    return EndStatus(
      code: .unavailable,
      message: "\(method): the service is still loading",
      isUnprocessed: true
    )
  }

  /// Why a call may not begin: rules, or the limit on all calls of the server.
  private func refusal(of route: RPCRoute, _ peer: RPCPeer) -> EndStatus? {
    if let access = edition.access, !isPermitted(route.method, peer, access) {
      let name = peer.identity?.name ?? "a client without a certificate"
      metrics.count { $0.callsDenied += 1 }
      refusals.log(
        "call denied",
        [
          "rpc.peer": "\(peer.address)", "rpc.identity": "\(name)",
          "rpc.method": "\(route.method.fullName)",
        ]
      )
      return EndStatus(
        code: .permissionDenied,
        message: "\(name) may not call \(route.method.fullName): no access rule allows it"
      )
    }
    guard route.isStanding || metrics.callsOpen < limits.callsTotalMax else {
      return EndStatus(
        code: .resourceExhausted,
        message: "more than \(limits.callsTotalMax) calls at once on this server",
        isUnprocessed: true
      )
    }
    return nil
  }

  private func isPermitted(
    _ method: RPCMethod,
    _ peer: RPCPeer,
    _ access: RPCAccessRules
  ) -> Bool {
    if let known = permissions[method.fullName] { return known }
    let isPermitted = access.permits(peer.identity, method)
    permissions[method.fullName] = isPermitted
    return isPermitted
  }

  private func refuse(_ callID: UInt64, _ status: EndStatus, _ channel: WireChannel) {
    channel.machine.sendStatus(callID, status, message: nil)
    channel.machine.release(callID)
    countRefusal(status, channel)
  }

  /// Counts a call that reached no handler; what went beyond a limit is logged too.
  private func countRefusal(_ status: EndStatus, _ channel: WireChannel) {
    metrics.count { $0.callsRefused[status.code.wireName, default: 0] += 1 }
    guard status.code == .resourceExhausted else { return }
    refusals.log(
      "call refused",
      [
        "rpc.peer": "\(channel.peer.address)",
        "rpc.identity": "\(channel.peer.identity?.name ?? "none")",
        "rpc.detail": "\(status.message)",
      ]
    )
  }

  private func receive(
    _ message: ReceivedMessage,
    _ payload: RawSpan,
    _ call: ServerCall,
    _ channel: WireChannel
  ) {
    if message.isCompressed { metrics.count { $0.messagesInflated += 1 } }
    if let inbound = call.inbound {
      inbound.push(
        InboundMessages.Item(
          bytes: message.bytes(in: payload),
          cost: message.cost,
          isCompressed: message.isCompressed
        )
      )
      return
    }
    channel.machine.taken(call.id, cost: message.cost)
    guard case .single(let start) = call.route.entry, !call.hasEnded else { return }
    guard !call.hasStarted else {
      // W20
      return fail(
        call,
        RPCError(
          code: .invalidArgument,
          message: "\(call.route.method.fullName) takes one request"
        )
      )
    }
    guard !message.isCompressed else { return inflate(message, payload, call, start) }
    switch message.place {
    case .payload(let range): start(payload.extracting(range), call, self)
    case .assembled(let bytes): unsafe start(bytes.span.bytes, call, self)
    }
  }

  /// Starts the handler with a request that came compressed (W41, W42).
  private func inflate(
    _ message: ReceivedMessage,
    _ payload: RawSpan,
    _ call: ServerCall,
    _ start: (RawSpan, ServerCall, ServerConnection) -> Void
  ) {
    do throws(MessageCompression.Failure) {
      let bytes =
        switch message.place {
        case .payload(let range):
          try MessageCompression.inflated(
            payload.extracting(range),
            byteCountMax: decoding.byteCountMax
          )
        case .assembled(let bytes):
          try unsafe MessageCompression.inflated(
            bytes.span.bytes,
            byteCountMax: decoding.byteCountMax
          )
        }
      unsafe start(bytes.span.bytes, call, self)
    } catch {
      fail(call, error.rpcError(undecodable: .invalidArgument))
      release(call)
    }
  }

  private func requestsEnded(_ call: ServerCall) {
    call.inbound?.finish(nil)
    guard case .single = call.route.entry, !call.hasStarted, !call.hasEnded else { return }
    // W20
    fail(
      call,
      RPCError(code: .invalidArgument, message: "\(call.route.method.fullName) needs a request")
    )
    release(call)
  }

  /// The client will know, or does not care: nothing more is sent for this call.
  private func conclude(_ call: ServerCall, _ code: StatusCode) {
    settle(call, code)
    channel?.flushLater()
  }

  /// The outcome is known; it is counted once.
  private func settle(_ call: ServerCall, _ code: StatusCode) {
    guard !call.hasEnded else { return }
    call.hasEnded = true
    let elapsed = NIODeadline.now() - call.began
    call.route.metrics.ended(code, microseconds: elapsed.nanoseconds / 1_000)
  }

  /// Tells everybody who waits inside the handler that the call is over.
  private func abandon(_ call: ServerCall, _ error: RPCError) {
    call.inbound?.finish(error)
    call.outbound?.close(error)
    call.task?.cancel()
    if !call.hasStarted { release(call) }
  }

  /// The handler has returned; the call counts no longer (W23).
  private func release(_ call: ServerCall) {
    guard calls.removeValue(forKey: call.id) != nil else { return }
    metrics.callClosed()
    call.outbound?.close(RPCError(code: .cancelled, message: "the handler has returned"))
    channel?.machine.release(call.id)
    if calls.isEmpty { restAfterCalls() }
  }

  /// Nothing is under way any more.
  private func restAfterCalls() {
    if callsPeak >= FreedMemory.callsMin { freedMemory.callsEnded(on: loop.eventLoop) }
    callsPeak = 0
    if channel == nil { logger.debug("handlers of a gone client have returned") }
    lingerIfIdle()
  }

  private func lingerIfIdle() {
    guard isDraining, calls.isEmpty, lingering == nil, let channel else { return }
    lingering = loop.eventLoop.assumeIsolated().scheduleTask(in: ServerConnection.linger) {
      channel.close(RPCError(code: .unavailable, message: "the server has stopped"))
    }
  }

  /// W24: ends what is due.
  private func expireCalls() -> NIODeadline? {
    let now = NIODeadline.now()
    var next: NIODeadline?
    for call in calls.values {
      guard let deadline = call.deadline, !call.hasEnded else { continue }
      if deadline <= now {
        fail(
          call,
          RPCError(code: .deadlineExceeded, message: "the caller's time ran out at the server")
        )
      } else {
        next = min(next ?? deadline, deadline)
      }
    }
    return next
  }

  /// Counts and logs why a connection ended, unless it simply did.
  private func reportLoss(_ error: RPCError, _ channel: WireChannel) {
    if let broken = error.cause as? WireError {
      metrics.count { $0.brokenRules[broken.rule, default: 0] += 1 }
      if isReady { logRefusal("connection ended: rule broken", "W\(broken.rule)", error, channel) }
    }
    guard !isReady else {
      if let failure = error.cause as? TLSError { reportBrokenTLS(failure, error, channel) }
      return
    }
    guard !isDraining else { return }
    let fault = handshakeFault(error)
    metrics.count { $0.handshakeFailures[fault, default: 0] += 1 }
    // Those who only look whether the port is open come every few seconds.
    guard fault != .closed else { return }
    logRefusal("handshake failed", fault.rawValue, error, channel)
  }

  private func reportBrokenTLS(_ failure: TLSError, _ error: RPCError, _ channel: WireChannel) {
    guard case .renegotiation = failure else {
      return metrics.count { $0.brokenTLS += 1 }
    }
    metrics.count { $0.renegotiationsRefused += 1 }
    logRefusal("connection ended: renegotiation", "renegotiation", error, channel)
  }

  private func handshakeFault(_ error: RPCError) -> HandshakeFault {
    switch error.cause {
    case let failure as TLSError: failure.handshakeFault
    case is WireError: .protocolError
    case nil where NIODeadline.now() - accepted >= TimeAmount(limits.handshakeTimeout): .timeout
    default: .closed
    }
  }

  private func logRefusal(
    _ message: Logger.Message,
    _ reason: String,
    _ error: RPCError,
    _ channel: WireChannel
  ) {
    refusals.log(
      message,
      [
        "rpc.peer": "\(channel.peer.address)", "rpc.reason": "\(reason)",
        "rpc.identity": "\(channel.peer.identity?.name ?? "none")",
        "rpc.detail": "\(error.cause.map { "\($0)" } ?? error.message)",
      ]
    )
  }

  private static func tooLong(_ byteCount: Int, _ byteCountMax: Int) -> RPCError {
    RPCError(
      code: .resourceExhausted,
      message: "the reply has \(byteCount) bytes, the peer takes at most \(byteCountMax)"
    )
  }
}

extension ReceivedMessage {
  /// The message's bytes, copied when they still lie in the payload.
  func bytes(in payload: RawSpan) -> [UInt8] {
    switch place {
    case .payload(let range):
      unsafe payload.extracting(range).withUnsafeBytes { unsafe Array($0) }
    case .assembled(let bytes): bytes
    }
  }
}

extension ConnectionMachine {
  /// Judges a frame by its header alone, before its payload is held.
  ///
  /// Keeps W6, W10, W14, W15, W16, W17, W18, W22, W28.
  ///
  /// - Returns: whether the payload is wanted.
  /// - Throws: `WireError` when the peer may not send this now; call `fail` with it and close.
  package mutating func admit(_ header: FrameHeader) throws(WireError) -> FrameAdmission {
    switch phase {
    case .failed: return .skip(.none)
    case .awaitingHello:
      guard header.type == .hello || header.type == .goAway else {
        throw WireError(rule: 10, "\(header.type) frame before HELLO")
      }
      return .take
    case .open: break
    }
    if header.flags.contains(.compressed) { try admitCompressed(header) }
    switch header.type {
    case .hello: throw WireError(rule: 10, "second HELLO")
    case .ping, .pong, .goAway: return .take
    case .call:
      try require(header.type, from: .client)
      guard header.callID > highestCallID else {
        throw WireError(rule: 14, "call id \(header.callID) after \(highestCallID)")
      }
      try takeWindow(header, callWindow: local.callWindowBytes)
      return .take
    case .window where header.callID == 0: return .take
    case .message, .end, .status, .cancel, .window: return try admitToCall(header)
    }
  }

  /// Acts on a frame that was admitted.
  ///
  /// - Parameters:
  ///   - header: the frame's header.
  ///   - payload: exactly `header.length` bytes.
  /// - Returns: what the frame means; message ranges refer to `payload`.
  /// - Throws: `WireError` when the payload breaks a rule; call `fail` with it and close.
  package mutating func receive(
    _ header: FrameHeader,
    _ payload: RawSpan
  ) throws(WireError) -> WireEvent {
    switch header.type {
    case .hello: return try receiveHello(payload)
    case .goAway:
      let goAway = try GoAway(payload)
      receivedGoAway = goAway
      return .goingAway(goAway)
    case .ping:
      PingPayload.encode(.pong, opaque: try PingPayload.read(payload), into: &output)
      return .none
    case .pong: return .pong(try PingPayload.read(payload))
    case .window: return try receiveWindow(header, payload)
    case .call: return try receiveCall(header, payload)
    case .message: return receiveMessage(header, payload)
    case .end:
      calls[header.callID]?.peerMaySend = false
      return .requestsEnded(header.callID)
    case .status: return try receiveStatus(header, payload)
    case .cancel:
      let cancel = try Cancel(payload)
      closeCall(header.callID, isReleased: false)
      return .cancelled(header.callID, cancel)
    }
  }

  /// The application has a message: gives its window back (W30).
  package mutating func taken(_ callID: UInt64, cost: Int) {
    guard let index = calls.index(forKey: callID),
      let credit = calls.values[index].takeMessage(cost: cost)
    else { return }
    creditCall(callID, index, credit)
    creditConnection(credit)
  }

  /// Gathers connection credit; half a window makes a WINDOW frame (W30).
  mutating func creditConnection(_ cost: Int) {
    gatheredCredit += cost
    guard gatheredCredit >= local.connectionWindowBytes / 2, phase == .open else { return }
    WindowPayload.encode(creditBytes: gatheredCredit, callID: 0, into: &output)
    receiveWindow += gatheredCredit
    gatheredCredit = 0
  }

  private mutating func creditCall(
    _ callID: UInt64,
    _ index: Dictionary<UInt64, CallState>.Index,
    _ cost: Int
  ) {
    let gathered = calls.values[index].gatherCredit(cost, atLeast: local.callWindowBytes / 2)
    guard gathered > 0 else { return }
    WindowPayload.encode(creditBytes: gathered, callID: callID, into: &output)
  }

  private func admitCompressed(_ header: FrameHeader) throws(WireError) {
    guard allowsCompression else {
      throw WireError(rule: 5, "COMPRESSED in a \(header.type) frame without the feature")
    }
    guard header.type == .message || header.flags.contains(.message) else {
      throw WireError(rule: 39, "COMPRESSED without MESSAGE in a \(header.type) frame")
    }
  }

  private func require(_ type: FrameType, from sender: Role) throws(WireError) {
    guard role != sender else { throw WireError(rule: 5, "\(type) frame sent by a \(peerName)") }
  }

  private var peerName: String { role == .client ? "server" : "client" }

  /// W28: checks and takes the cost of a frame from the connection's window and from `callWindow`.
  private mutating func takeWindow(_ header: FrameHeader, callWindow: Int) throws(WireError) {
    guard header.isFlowControlled else { return }
    guard header.cost <= receiveWindow else {
      throw WireError(
        rule: 28,
        "\(header.cost) bytes with \(receiveWindow) left in the connection's window"
      )
    }
    guard header.cost <= callWindow else {
      throw WireError(
        rule: 28,
        "\(header.cost) bytes with \(callWindow) left in the window of call \(header.callID)"
      )
    }
    receiveWindow -= header.cost
  }

  private mutating func admitToCall(_ header: FrameHeader) throws(WireError) -> FrameAdmission {
    switch header.type {
    case .end, .cancel: try require(header.type, from: .client)
    case .status: try require(header.type, from: .server)
    case .message where role == .client && header.flags.contains(.end):
      throw WireError(rule: 5, "END flag from a server")
    default: break
    }
    let callID = header.callID
    guard callID <= highestCallID else {
      throw WireError(rule: 15, "\(header.type) frame for call \(callID), which was never opened")
    }
    guard let index = calls.index(forKey: callID), case let call = calls.values[index],
      call.isOpen
    else {
      // W16: it crossed the end of its call on the way.
      try takeWindow(header, callWindow: .max)
      if header.isFlowControlled { creditConnection(header.cost) }
      return .skip(.none)
    }
    if header.type == .message || header.type == .end {
      guard call.peerMaySend else {
        throw WireError(rule: 17, "\(header.type) frame for call \(callID) after END")
      }
    }
    if call.isMidMessage {
      if header.type == .end {
        throw WireError(rule: 17, "END of call \(callID) inside a message")
      }
      if header.flags.contains(.compressed) {
        throw WireError(rule: 39, "COMPRESSED inside a message, call \(callID)")
      }
      if header.type == .status, header.flags.contains(.message) {
        throw WireError(rule: 18, "STATUS with a message inside another, call \(callID)")
      }
    }
    try takeWindow(header, callWindow: call.receiveWindow)
    if header.isFlowControlled {
      calls.values[index].receiveWindow -= header.cost
      calls.values[index].uncredited += header.cost
    }
    if header.type == .message, let refusal = refusal(of: header, call) {
      return .skip(failCall(callID, refusal))
    }
    return .take
  }

  /// W22 and W32, from the header alone.
  private func refusal(of header: FrameHeader, _ call: CallState) -> EndStatus? {
    let messageBytes = call.assembly.count + header.length
    if messageBytes > local.messageBytesMax { return tooLong(messageBytes) }
    return header.flags.contains(.more) ? refusalOfPart(header.length) : nil
  }

  /// W32: what all incomplete messages of the connection may hold together.
  private func refusalOfPart(_ byteCount: Int) -> EndStatus? {
    guard assemblyBytes + byteCount > WireLimits.assemblyBytesMax else { return nil }
    return EndStatus(
      code: .resourceExhausted,
      message: "incomplete messages of this connection above \(WireLimits.assemblyBytesMax) bytes"
    )
  }

  private func tooLong(_ byteCount: Int) -> EndStatus {
    EndStatus(
      code: .resourceExhausted,
      message: "message of \(byteCount) bytes or more, at most \(local.messageBytesMax) allowed"
    )
  }

  /// Ends a call over a limit of this side, telling the peer (W22, W25, W32).
  private mutating func failCall(_ callID: UInt64, _ status: EndStatus) -> WireEvent {
    switch role {
    case .server:
      writeStatus(callID, status)
      closeCall(callID, isReleased: false)
    case .client:
      Cancel(code: .cancelled, reason: status.message).encode(callID: callID, into: &output)
      closeCall(callID, isReleased: true)
    }
    return .failed(callID, status)
  }

  private mutating func receiveHello(_ payload: RawSpan) throws(WireError) -> WireEvent {
    let hello = try Hello(payload)
    version = min(hello.versionMax, versions.upperBound)
    guard version >= max(hello.versionMin, versions.lowerBound) else {
      throw WireError(
        rule: 11,
        "peer speaks versions \(hello.versionMin) to \(hello.versionMax), "
          + "this side \(versions.lowerBound) to \(versions.upperBound)"
      )
    }
    featuresInForce = Set(features).intersection(hello.features)
    allowsCompression = featuresInForce.contains(WireLimits.compressionFeature)
    peer = hello.settings
    sendWindow = hello.settings.connectionWindowBytes
    phase = .open
    return .ready(hello)
  }

  private mutating func receiveWindow(
    _ header: FrameHeader,
    _ payload: RawSpan
  ) throws(WireError) -> WireEvent {
    let credit = try WindowPayload.read(payload)
    if header.callID == 0 {
      sendWindow = try widened(sendWindow, by: credit)
    } else if let index = calls.index(forKey: header.callID) {
      calls.values[index].sendWindow = try widened(calls.values[index].sendWindow, by: credit)
      if calls.values[index].pending != nil { enqueue(header.callID, index) }
    }
    pump()
    return .none
  }

  private func widened(_ window: Int, by credit: Int) throws(WireError) -> Int {
    guard window <= WireLimits.windowBytesMax - credit else {
      throw WireError(rule: 29, "credit of \(credit) bytes on top of \(window)")
    }
    return window + credit
  }

  /// Splits the payload of CALL or STATUS into header block and message bytes (W26).
  private func blockRange(
    _ header: FrameHeader,
    _ payload: RawSpan
  ) throws(WireError) -> Range<Int> {
    let byteCount = Int(
      unsafe payload.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self).bigEndian
    )
    guard byteCount <= header.length - 4, byteCount <= local.headerBlockBytesMax else {
      throw WireError(
        rule: 26,
        "header block of \(byteCount) bytes in a payload of \(header.length), "
          + "at most \(local.headerBlockBytesMax) allowed"
      )
    }
    if !header.flags.contains(.message), byteCount != header.length - 4 {
      throw WireError(rule: 8, "message bytes without MESSAGE in a \(header.type) frame")
    }
    return 4..<(4 + byteCount)
  }

  private mutating func receiveCall(
    _ header: FrameHeader,
    _ payload: RawSpan
  ) throws(WireError) -> WireEvent {
    let block = try blockRange(header, payload)
    let callHeader = try CallHeader(payload, block, knownMethod: lastMethod)
    lastMethod = callHeader.method
    let callID = header.callID
    highestCallID = callID
    let message = block.upperBound..<header.length
    let isPart = header.flags.contains(.more)
    if let refusal = refusal(of: callHeader, messageBytes: message.count, isPart: isPart) {
      writeStatus(callID, refusal)
      creditConnection(header.cost)
      return .failed(callID, refusal)
    }
    var call = CallState(
      sendWindow: peer.callWindowBytes,
      receiveWindow: local.callWindowBytes - header.cost,
      peerMaySend: !header.flags.contains(.end)
    )
    call.uncredited = header.cost
    guard header.flags.contains(.message) else {
      calls[callID] = call
      // Nothing will be read, so the header block is paid back at once.
      creditHeaderOnly(callID, header.cost)
      return .called(
        callID,
        callHeader,
        message: nil,
        endsRequests: header.flags.contains(.end)
      )
    }
    let isCompressed = header.flags.contains(.compressed)
    if header.flags.contains(.more) {
      call.isMessageCompressed = isCompressed
      calls[callID] = call
      receivePart(callID, payload, message, cost: header.cost)
      return .called(callID, callHeader, message: nil, endsRequests: false)
    }
    call.unreadMessages = 1
    calls[callID] = call
    return .called(
      callID,
      callHeader,
      message: ReceivedMessage(
        place: .payload(message),
        cost: header.cost,
        isCompressed: isCompressed
      ),
      endsRequests: header.flags.contains(.end)
    )
  }

  private mutating func creditHeaderOnly(_ callID: UInt64, _ cost: Int) {
    guard let index = calls.index(forKey: callID) else { return }
    calls.values[index].uncredited -= cost
    creditCall(callID, index, cost)
    creditConnection(cost)
  }

  /// W22, W23, W25, W32 and W36: calls that never reach a handler.
  private func refusal(
    of header: CallHeader,
    messageBytes: Int,
    isPart: Bool
  ) -> EndStatus? {
    if sentGoAway != nil {
      return EndStatus(
        code: .unavailable,
        message: "this server is stopping",
        isUnprocessed: true
      )
    }
    if calls.count >= local.callsMax {
      return EndStatus(
        code: .resourceExhausted,
        message: "more than \(local.callsMax) calls at once on this connection",
        isUnprocessed: true
      )
    }
    if messageBytes > local.messageBytesMax { return tooLong(messageBytes) }
    if isPart, let refusal = refusalOfPart(messageBytes) { return refusal }
    return MetadataEntry.refusal(of: header.metadata, bytesMax: local.metadataBytesMax)
  }

  /// Keeps a part of an incomplete message and gives its window back when it may (W30).
  private mutating func receivePart(
    _ callID: UInt64,
    _ payload: RawSpan,
    _ range: Range<Int>,
    cost: Int
  ) {
    guard let index = calls.index(forKey: callID) else { return }
    calls.values[index].append(payload.extracting(range), messageBytesMax: local.messageBytesMax)
    calls.values[index].isMidMessage = true
    assemblyBytes += range.count
    if calls.values[index].unreadMessages == 0 {
      calls.values[index].uncredited -= cost
      creditCall(callID, index, cost)
      creditConnection(cost)
    } else {
      calls.values[index].heldPartCost += cost
    }
  }

  private mutating func receiveMessage(
    _ header: FrameHeader,
    _ payload: RawSpan
  ) -> WireEvent {
    let callID = header.callID
    guard let index = calls.index(forKey: callID) else { return .none }
    let isCompressed =
      calls.values[index].isMidMessage
      ? calls.values[index].isMessageCompressed : header.flags.contains(.compressed)
    if header.flags.contains(.more) {
      calls.values[index].isMessageCompressed = isCompressed
      receivePart(callID, payload, 0..<header.length, cost: header.cost)
      return .none
    }
    let endsRequests = header.flags.contains(.end)
    if endsRequests { calls.values[index].peerMaySend = false }
    calls.values[index].unreadMessages += 1
    let message: ReceivedMessage
    if calls.values[index].isMidMessage {
      assemblyBytes -= calls.values[index].assembly.count
      calls.values[index].append(payload, messageBytesMax: local.messageBytesMax)
      let cost = calls.values[index].heldPartCost + header.cost
      message = ReceivedMessage(
        place: .assembled(calls.values[index].assembly),
        cost: cost,
        isCompressed: isCompressed
      )
      calls.values[index].assembly = []
      calls.values[index].isMidMessage = false
      calls.values[index].heldPartCost = 0
    } else {
      message = ReceivedMessage(
        place: .payload(0..<header.length),
        cost: header.cost,
        isCompressed: isCompressed
      )
    }
    return .message(callID, message, endsRequests: endsRequests)
  }

  private mutating func receiveStatus(
    _ header: FrameHeader,
    _ payload: RawSpan
  ) throws(WireError) -> WireEvent {
    let block = try blockRange(header, payload)
    let status = try EndStatus(payload, block)
    let callID = header.callID
    let hasMessage = header.flags.contains(.message)
    if status.code == .ok {
      guard calls[callID]?.isMidMessage != true else {
        throw WireError(rule: 18, "OK inside a message, call \(callID)")
      }
    } else if hasMessage {
      throw WireError(rule: 18, "\(status.code) with a message, call \(callID)")
    }
    closeCall(callID, isReleased: true)
    let message = block.upperBound..<header.length
    if hasMessage, message.count > local.messageBytesMax {
      return .failed(callID, tooLong(message.count))
    }
    let bytesMax = local.metadataBytesMax
    if let refusal = MetadataEntry.refusal(of: status.metadata, bytesMax: bytesMax) {
      return .failed(callID, refusal)
    }
    return .ended(
      callID,
      status,
      message: hasMessage
        ? ReceivedMessage(
          place: .payload(message),
          cost: 0,
          isCompressed: header.flags.contains(.compressed)
        ) : nil
    )
  }
}

package import LargeMemory

extension ConnectionMachine {
  /// Client: opens a call; `canOpenCall` must hold (W9, W14).
  ///
  /// - Parameters:
  ///   - header: method, time left and metadata within the peer's limits.
  ///   - message: first message, or nil when messages come later.
  ///   - isCompressed: whether the message is a zlib stream; `allowsCompression` must hold (W39).
  ///   - end: whether no further message follows.
  /// - Returns: the new call's id, and whether all of it is in the output.
  package mutating func open(
    _ header: CallHeader,
    message: ScatteredBytes?,
    isCompressed: Bool = false,
    end: Bool
  ) -> (callID: UInt64, result: SendResult) {
    precondition(canOpenCall, "a call was opened although canOpenCall is false")
    highestCallID += 1
    let callID = highestCallID
    var call = CallState(
      sendWindow: peer.callWindowBytes,
      receiveWindow: local.callWindowBytes,
      peerMaySend: true
    )
    let blockBytes = header.byteCount
    let length = 4 + blockBytes + (message?.count ?? 0)
    if canWriteNow, fits(length, call) {
      var flags: FrameFlags = end ? .end : []
      if message != nil { flags.insert(.message) }
      if isCompressed { flags.insert(.compressed) }
      let frame = FrameHeader(type: .call, flags: flags, callID: callID, length: length)
      output.append(frame)
      output.append(bigEndian: UInt32(truncatingIfNeeded: blockBytes))
      header.encodeBlock(into: &output)
      if let message { output.append(message, 0..<message.count) }
      sendWindow -= frame.cost
      call.sendWindow -= frame.cost
      call.hasSentEnd = end
      calls[callID] = call
      return (callID, .written)
    }
    // The message itself waits, so that a large message is not copied.
    var pending = PendingSend(callHeader: header, message: message, ending: end ? .end : .nothing)
    pending.isCompressed = isCompressed
    call.pending = pending
    calls[callID] = call
    return (callID, enqueueAndPump(callID))
  }

  /// Sends one message on an open call; one at a time for each call (W28, W31).
  ///
  /// - Parameters:
  ///   - message: the encoded message.
  ///   - callID: the call.
  ///   - isCompressed: whether the message is a zlib stream; `allowsCompression` must hold (W39).
  ///   - end: client only: whether no further message follows.
  /// - Returns: whether it is written, waits, or was dropped because the call is over.
  package mutating func send(
    _ message: RawSpan,
    on callID: UInt64,
    isCompressed: Bool = false,
    end: Bool
  ) -> SendResult {
    guard let index = calls.index(forKey: callID), case let call = calls.values[index],
      call.isOpen, !call.hasSentEnd
    else { return .closed }
    precondition(call.pending == nil, "a call sends one message at a time")
    if canWriteNow, fits(message.byteCount, call) {
      var flags: FrameFlags = end ? .end : []
      if isCompressed { flags.insert(.compressed) }
      let frame = FrameHeader(
        type: .message,
        flags: flags,
        callID: callID,
        length: message.byteCount
      )
      output.append(frame)
      output.append(message)
      sendWindow -= frame.cost
      calls.values[index].sendWindow -= frame.cost
      calls.values[index].hasSentEnd = end
      return .written
    }
    calls.values[index].pending = PendingSend(
      message: ScatteredBytes(bytes(of: message)),
      isCompressed: isCompressed,
      ending: end ? .end : .nothing
    )
    return enqueueAndPump(callID)
  }

  /// Client: sends no more messages in this call, after the one that may be waiting (W17).
  package mutating func sendEnd(on callID: UInt64) {
    guard let index = calls.index(forKey: callID), calls.values[index].isOpen,
      !calls.values[index].hasSentEnd
    else { return }
    guard calls.values[index].pending == nil else {
      calls.values[index].pending?.ending = .end
      return
    }
    calls.values[index].hasSentEnd = true
    output.append(FrameHeader(type: .end, callID: callID, length: 0))
  }

  /// Client: abandons a call (W19).
  ///
  /// Says nothing to the server when it never heard of the call.
  package mutating func cancel(_ callID: UInt64, _ cancel: Cancel) {
    guard let call = calls[callID], call.isOpen else { return }
    if call.pending?.callHeader == nil {
      cancel.encode(callID: callID, into: &output)
    }
    closeCall(callID, isReleased: true)
  }

  /// Server: ends a call (W9, W18, W19).
  ///
  /// The call stays counted until `release`.
  ///
  /// - Parameters:
  ///   - callID: the call; nothing happens when it is over.
  ///   - status: how it ended.
  ///   - message: the only reply of a unary or client-streaming method, with OK.
  ///   - isCompressed: whether the message is a zlib stream; `allowsCompression` must hold (W39).
  package mutating func sendStatus(
    _ callID: UInt64,
    _ status: EndStatus,
    message: RawSpan?,
    isCompressed: Bool = false
  ) {
    guard let index = calls.index(forKey: callID), case let call = calls.values[index],
      call.isOpen
    else { return }
    guard let message, status.code == .ok else {
      if status.code == .ok, call.pending != nil {
        calls.values[index].pending?.ending = .status(status)
        return
      }
      writeStatus(callID, status)
      closeCall(callID, isReleased: false)
      return
    }
    let blockBytes = status.byteCount
    let length = 4 + blockBytes + message.byteCount
    if canWriteNow, call.pending == nil, fits(length, call) {
      let frame = FrameHeader(
        type: .status,
        flags: isCompressed ? [.message, .compressed] : .message,
        callID: callID,
        length: length
      )
      output.append(frame)
      output.append(bigEndian: UInt32(truncatingIfNeeded: blockBytes))
      status.encodeBlock(into: &output)
      output.append(message)
      sendWindow -= frame.cost
      closeCall(callID, isReleased: false)
      return
    }
    precondition(call.pending == nil, "a call sends one message at a time")
    calls.values[index].pending = PendingSend(
      message: ScatteredBytes(bytes(of: message)),
      isCompressed: isCompressed,
      ending: .status(status)
    )
    _ = enqueueAndPump(callID)
  }

  /// Lets waiting messages go out, in turn, as far as windows and output space reach (W31).
  package mutating func pump() {
    while canOutputGrow, let callID = turns.first {
      guard let index = calls.index(forKey: callID), calls.values[index].pending != nil else {
        turns.removeFirst()
        continue
      }
      switch writePart(callID, index) {
      case .connectionWindow: return
      case .callWindow:
        turns.removeFirst()
        calls.values[index].isQueued = false
      case .progress:
        turns.removeFirst()
        turns.append(callID)
      case .finished:
        turns.removeFirst()
        if let index = calls.index(forKey: callID) { calls.values[index].isQueued = false }
      }
    }
  }

  /// A STATUS without a message, which needs no window (W27).
  mutating func writeStatus(_ callID: UInt64, _ status: EndStatus) {
    let status = status.cutToLimits()
    let blockBytes = status.byteCount
    output.append(FrameHeader(type: .status, callID: callID, length: 4 + blockBytes))
    output.append(bigEndian: UInt32(truncatingIfNeeded: blockBytes))
    status.encodeBlock(into: &output)
  }

  mutating func enqueue(_ callID: UInt64, _ index: Dictionary<UInt64, CallState>.Index) {
    guard !calls.values[index].isQueued else { return }
    calls.values[index].isQueued = true
    turns.append(callID)
  }

  private enum PartResult {
    /// Nothing written: the connection's window is too small.
    case connectionWindow
    /// Nothing written: the call's window is too small.
    case callWindow
    /// A frame was written, more remains.
    case progress
    /// The message, and what follows it, are written.
    case finished
  }

  /// Fragments smaller than this wait for more window, unless they are all that is left.
  private static let partBytesMin = 4_096

  /// Whether a message that fits the windows would go out at once.
  package var canSendAtOnce: Bool { canWriteNow }

  private var canOutputGrow: Bool {
    !isTransportCongested && output.count < ConnectionMachine.outputBytesMax
  }

  /// Whether a frame may go out without waiting its turn.
  private var canWriteNow: Bool { turns.isEmpty && canOutputGrow }

  private func fits(_ length: Int, _ call: CallState) -> Bool {
    length <= peer.framePayloadBytesMax
      && length + FrameHeader.byteCount <= min(sendWindow, call.sendWindow)
  }

  private func bytes(of span: RawSpan) -> [UInt8] {
    unsafe span.withUnsafeBytes { unsafe Array($0) }
  }

  private mutating func enqueueAndPump(_ callID: UInt64) -> SendResult {
    guard let index = calls.index(forKey: callID) else { return .closed }
    enqueue(callID, index)
    let isAlreadyWaiting = completedWrites.count
    pump()
    // Finished at once: the caller learns it from the result, not from `takeCompletedWrites`.
    if let last = completedWrites[isAlreadyWaiting...].lastIndex(of: callID) {
      completedWrites.remove(at: last)
      return .written
    }
    return .pending
  }

  /// Writes the next frame of a waiting message.
  private mutating func writePart(
    _ callID: UInt64,
    _ index: Dictionary<UInt64, CallState>.Index
  ) -> PartResult {
    guard var pending = calls.values[index].pending else { return .finished }
    // The message bytes stay in place while the frame is written; no copy is made.
    calls.values[index].pending = nil
    let blockBytes = pending.callHeader?.byteCount ?? 0
    let overhead = pending.callHeader == nil ? 0 : 4 + blockBytes
    let wanted = min(pending.remaining, peer.framePayloadBytesMax - overhead)
    let least = FrameHeader.byteCount + overhead + min(wanted, ConnectionMachine.partBytesMin)
    guard least <= sendWindow, least <= calls.values[index].sendWindow else {
      calls.values[index].pending = pending
      return least > calls.values[index].sendWindow ? .callWindow : .connectionWindow
    }
    let room = min(sendWindow, calls.values[index].sendWindow) - FrameHeader.byteCount - overhead
    let partBytes = min(wanted, room)
    let isLast = partBytes == pending.remaining
    var flags: FrameFlags = isLast ? [] : .more
    if isLast, case .end = pending.ending { flags.insert(.end) }
    // W39: the first frame of a message says so, the others go on.
    if pending.isCompressed, pending.offset == 0 { flags.insert(.compressed) }
    let frame: FrameHeader
    if let callHeader = pending.callHeader {
      if pending.message != nil { flags.insert(.message) }
      frame = FrameHeader(
        type: .call,
        flags: flags,
        callID: callID,
        length: overhead + partBytes
      )
      output.append(frame)
      output.append(bigEndian: UInt32(truncatingIfNeeded: blockBytes))
      callHeader.encodeBlock(into: &output)
      pending.callHeader = nil
    } else {
      frame = FrameHeader(type: .message, flags: flags, callID: callID, length: partBytes)
      output.append(frame)
    }
    if let message = pending.message {
      output.append(message, pending.offset..<(pending.offset + partBytes))
    }
    pending.offset += partBytes
    sendWindow -= frame.cost
    calls.values[index].sendWindow -= frame.cost
    guard isLast else {
      calls.values[index].pending = pending
      return .progress
    }
    finish(callID, index, pending.ending)
    return .finished
  }

  private mutating func finish(
    _ callID: UInt64,
    _ index: Dictionary<UInt64, CallState>.Index,
    _ ending: PendingSend.Ending
  ) {
    completedWrites.append(callID)
    switch ending {
    case .nothing: break
    case .end: calls.values[index].hasSentEnd = true
    case .status(let status):
      writeStatus(callID, status)
      closeCall(callID, isReleased: false)
    }
  }
}

internal import LargeMemory
internal import NIOCore
internal import RPCWire

/// A call with many replies, which its caller reads from a stream.
///
/// SAFETY: as `ClientCall`.
@safe
final class StreamingCall: ClientCall, @unchecked Sendable {
  let inbound: InboundMessages
  /// Requests, when the method takes many.
  let outbound: OutboundMessages?

  /// A call that reads into `inbound`.
  init(
    method: RPCMethod,
    metadata: [MetadataEntry],
    deadline: NIODeadline?,
    firstMessage: ScatteredBytes?,
    inbound: InboundMessages,
    outbound: OutboundMessages? = nil
  ) {
    self.inbound = inbound
    self.outbound = outbound
    super.init(
      method: method,
      metadata: metadata,
      deadline: deadline,
      firstMessage: firstMessage,
      endsWithFirstMessage: outbound == nil
    )
  }

  override func opened(_ callID: UInt64, on channel: WireChannel, isMachineBusy: Bool) {
    super.opened(callID, on: channel, isMachineBusy: isMachineBusy)
    outbound?.opened(callID, on: channel, isMachineBusy: isMachineBusy)
  }

  override func writeCompleted() { outbound?.writeCompleted() }

  override func received(_ bytes: RawSpan, cost: Int, isCompressed: Bool) -> Bool {
    let copy = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    inbound.push(InboundMessages.Item(bytes: copy, cost: cost, isCompressed: isCompressed))
    return false
  }

  override func ended(_ outcome: Result<Void, RPCError>) {
    switch outcome {
    case .success:
      inbound.finish(nil)
      outbound?.close(
        RPCError(code: .cancelled, message: "the server has ended the call")
      )
    case .failure(let error):
      inbound.finish(error)
      outbound?.close(error)
    }
  }
}

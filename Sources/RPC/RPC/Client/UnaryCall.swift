internal import NIOCore
internal import ProtobufRuntime
internal import RPCWire

/// A call with one reply, which its caller awaits.
///
/// SAFETY: as `ClientCall`; the continuation is set before the call is handed over.
@safe
final class UnaryCall<Reply: ProtobufMessage>: ClientCall, @unchecked Sendable {
  private let limits: DecodingLimits
  private var waiter: UnsafeContinuation<Result<Reply, RPCError>, Never>?
  private var reply: Reply?
  private var error: RPCError?
  /// Requests, when the method takes many.
  let outbound: OutboundMessages?

  /// A call whose caller will be set by `wait`.
  init(
    method: RPCMethod,
    metadata: [MetadataEntry],
    deadline: NIODeadline?,
    firstMessage: [UInt8]?,
    limits: DecodingLimits,
    outbound: OutboundMessages? = nil
  ) {
    self.limits = limits
    self.outbound = outbound
    super.init(
      method: method,
      metadata: metadata,
      deadline: deadline,
      firstMessage: firstMessage,
      endsWithFirstMessage: outbound == nil
    )
  }

  /// Has the outcome delivered; at once when it is known.
  ///
  /// On the loop, or before the hand-over.
  func wait(_ waiter: UnsafeContinuation<Result<Reply, RPCError>, Never>) {
    unsafe self.waiter = waiter
    if isOver { deliver() }
  }

  override func opened(_ callID: UInt64, on channel: WireChannel, isMachineBusy: Bool) {
    super.opened(callID, on: channel, isMachineBusy: isMachineBusy)
    outbound?.opened(callID, on: channel, isMachineBusy: isMachineBusy)
  }

  override func writeCompleted() { outbound?.writeCompleted() }

  override func received(_ bytes: RawSpan, cost: Int) -> Bool {
    guard reply == nil else {
      // W20
      error = RPCError(
        code: .internal,
        message: "\(method.fullName) sent more than one reply"
      )
      return true
    }
    let result = unsafe bytes.withUnsafeBytes { bytes in
      Result { () throws(MessageError) in unsafe try Reply(protobuf: bytes, limits: limits) }
    }
    switch result {
    case .success(let reply): self.reply = reply
    case .failure(let error):
      self.error = RPCError(
        code: .internal,
        message: "the reply cannot be decoded: \(error)",
        cause: error
      )
    }
    return true
  }

  override func ended(_ outcome: Result<Void, RPCError>) {
    if case .failure(let failure) = outcome { error = failure }
    outbound?.close(
      error ?? RPCError(code: .cancelled, message: "the server has answered; the call is over")
    )
    deliver()
  }

  private func deliver() {
    guard let waiter = unsafe waiter else { return }
    unsafe self.waiter = nil
    if let error {
      unsafe waiter.resume(returning: .failure(error))
    } else if let reply {
      unsafe waiter.resume(returning: .success(reply))
    } else {
      // W20
      unsafe waiter.resume(
        returning: .failure(
          RPCError(code: .internal, message: "\(method.fullName) ended without a reply")
        )
      )
    }
  }
}

internal import LargeMemory
internal import NIOCore
internal import RPCWire

/// A call with one reply, which its caller awaits and decodes.
///
/// It carries bytes rather than a message: measured, a class and a continuation that are generic over
/// the reply cost a tenth of a small call's time in metadata look-ups.
///
/// SAFETY: as `ClientCall`; the outcome is written before the waiter is resumed, and read after.
@safe
final class UnaryCall: ClientCall, @unchecked Sendable {
  private var waiter: UnsafeContinuation<Void, Never>?
  private var reply: [UInt8]?
  private var error: RPCError?
  private let replyBytesMax: Int
  /// Requests, when the method takes many.
  let outbound: OutboundMessages?

  /// A call whose caller will be set by `wait`; `replyBytesMax` bounds a compressed reply (W41).
  init(
    method: RPCMethod,
    metadata: [MetadataEntry],
    deadline: NIODeadline?,
    firstMessage: ScatteredBytes?,
    replyBytesMax: Int,
    outbound: OutboundMessages? = nil
  ) {
    self.replyBytesMax = replyBytesMax
    self.outbound = outbound
    super.init(
      method: method,
      metadata: metadata,
      deadline: deadline,
      firstMessage: firstMessage,
      endsWithFirstMessage: outbound == nil
    )
  }

  /// Has `waiter` resumed when the outcome is known; at once when it is.
  ///
  /// On the loop.
  func wait(_ waiter: UnsafeContinuation<Void, Never>) {
    unsafe self.waiter = waiter
    if isOver { deliver() }
  }

  /// The encoded reply, once the waiter was resumed.
  ///
  /// - Throws: `RPCError` when the call has failed.
  func outcome() throws(RPCError) -> [UInt8] {
    if let error { throw error }
    guard let reply else {
      // W20
      throw RPCError(code: .internal, message: "\(method.fullName) ended without a reply")
    }
    return reply
  }

  override func opened(_ callID: UInt64, on channel: WireChannel, isMachineBusy: Bool) {
    super.opened(callID, on: channel, isMachineBusy: isMachineBusy)
    outbound?.opened(callID, on: channel, isMachineBusy: isMachineBusy)
  }

  override func writeCompleted() { outbound?.writeCompleted() }

  override func received(_ bytes: RawSpan, cost: Int, isCompressed: Bool) -> Bool {
    guard isCompressed else { return received(bytes) }
    do throws(MessageCompression.Failure) {
      let message = try MessageCompression.inflated(bytes, byteCountMax: replyBytesMax)
      return unsafe received(message.span.bytes)
    } catch {
      self.error = error.rpcError(undecodable: .internal)
      return true
    }
  }

  private func received(_ bytes: RawSpan) -> Bool {
    guard reply == nil else {
      // W20
      error = RPCError(
        code: .internal,
        message: "\(method.fullName) sent more than one reply"
      )
      return true
    }
    reply = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
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
    unsafe waiter.resume()
  }
}

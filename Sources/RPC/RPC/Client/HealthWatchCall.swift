internal import LargeMemory
internal import RPCWire

/// `Health.Watch` on one connection, for balancing.
///
/// The two messages are read and written here, like the wire's own control messages: the RPC knows
/// nothing of generated code.
///
/// SAFETY: as `ClientCall`.
@safe
final class HealthWatchCall: ClientCall, @unchecked Sendable {
  /// What the server says about itself.
  enum Report: Sendable, Equatable {
    case serving
    /// Why not, for people.
    case notServing(String)
  }

  private static let method = RPCMethod(
    service: "morlaif.v1.Health",
    name: "Watch",
    kind: .serverStreaming,
    isIdempotent: true
  )

  private let onReport: @Sendable (Report) -> Void

  /// A watch of one service; empty asks for the server as a whole.
  init(service: String, onReport: @escaping @Sendable (Report) -> Void) {
    self.onReport = onReport
    super.init(
      method: HealthWatchCall.method,
      metadata: [],
      deadline: nil,
      firstMessage: ScatteredBytes(HealthMessages.request(service: service)),
      endsWithFirstMessage: true
    )
  }

  override func received(_ bytes: RawSpan, cost: Int, isCompressed: Bool) -> Bool {
    onReport(HealthMessages.refusal(bytes).map { .notServing($0) } ?? .serving)
    return true
  }

  /// A server that offers no health, or refuses to tell, is taken as it is: its connection stands.
  override func ended(_ outcome: Result<Void, RPCError>) {
    guard case .failure(let error) = outcome else { return }
    switch error.code {
    case .cancelled, .unavailable: break
    default: onReport(.serving)
    }
  }
}

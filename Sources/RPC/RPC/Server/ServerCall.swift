internal import NIOCore

/// One call at the server, from CALL until its handler has returned.
///
/// SAFETY: touched on the connection's loop only.
@safe
final class ServerCall: @unchecked Sendable {
  let id: UInt64
  let route: RPCRoute
  let context: RPCServerContext
  let deadline: NIODeadline?
  let began: NIODeadline
  var task: Task<Void, Never>?
  var inbound: InboundMessages?
  var outbound: OutboundMessages?
  /// Whether the handler has been started; a method with one request waits for it.
  var hasStarted = false
  /// Whether the client knows the outcome.
  var hasEnded = false

  /// A call that has just arrived.
  init(
    id: UInt64,
    route: RPCRoute,
    context: RPCServerContext,
    deadline: NIODeadline?,
    began: NIODeadline
  ) {
    self.id = id
    self.route = route
    self.context = context
    self.deadline = deadline
    self.began = began
  }
}

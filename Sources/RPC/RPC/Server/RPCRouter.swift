public import ProtobufRuntime
internal import RPCWire

/// Which handler answers which method.
///
/// Services register here; the server looks up.
public struct RPCRouter: Sendable {
  private(set) var routes: [String: RPCRoute] = [:]
  /// What is registered, in that order, for reflection.
  package private(set) var registered: [RPCRegisteredMethod] = []
  /// Whether what is registered now stands beside the server's limit on calls.
  var registersStanding = false

  /// A router without methods.
  public init() {}

  /// Adds a method with one request and one reply.
  ///
  /// The handler runs on the connection's event loop: it must not block, and hands heavy work to
  /// threads of its own and awaits the result.
  public mutating func unary<Request: ProtobufMessage, Reply: ProtobufMessage>(
    _ method: RPCMethod,
    _ handler: @escaping @Sendable (Request, RPCServerContext) async throws -> Reply
  ) {
    add(
      method,
      Request.self,
      Reply.self,
      .single { bytes, call, connection in
        guard let request = connection.decode(Request.self, bytes, call) else { return }
        connection.start(call) { context in
          let reply = try await handler(request, context)
          return { connection.reply(reply, to: call) }
        }
      }
    )
  }

  /// Adds a method with one request and many replies.
  ///
  /// See `unary` on where handlers run.
  public mutating func serverStreaming<Request: ProtobufMessage, Reply: ProtobufMessage>(
    _ method: RPCMethod,
    _ handler:
      @escaping @Sendable (Request, RPCWriter<Reply>, RPCServerContext) async throws -> Void
  ) {
    add(
      method,
      Request.self,
      Reply.self,
      .single { bytes, call, connection in
        guard let request = connection.decode(Request.self, bytes, call) else { return }
        let writer = RPCWriter<Reply>(connection.makeOutbound(for: call))
        connection.start(call) { context in
          try await handler(request, writer, context)
          return { connection.end(call) }
        }
      }
    )
  }

  /// Adds a method with many requests and one reply.
  ///
  /// See `unary` on where handlers run.
  public mutating func clientStreaming<Request: ProtobufMessage, Reply: ProtobufMessage>(
    _ method: RPCMethod,
    _ handler: @escaping @Sendable (RPCStream<Request>, RPCServerContext) async throws -> Reply
  ) {
    add(
      method,
      Request.self,
      Reply.self,
      .stream { call, connection in
        let requests = connection.makeStream(of: Request.self, for: call)
        connection.start(call) { context in
          let reply = try await handler(requests, context)
          return { connection.reply(reply, to: call) }
        }
      }
    )
  }

  /// Adds a method with many messages each way.
  ///
  /// See `unary` on where handlers run.
  public mutating func bidirectional<Request: ProtobufMessage, Reply: ProtobufMessage>(
    _ method: RPCMethod,
    _ handler:
      @escaping @Sendable (RPCStream<Request>, RPCWriter<Reply>, RPCServerContext) async throws ->
      Void
  ) {
    add(
      method,
      Request.self,
      Reply.self,
      .stream { call, connection in
        let requests = connection.makeStream(of: Request.self, for: call)
        let writer = RPCWriter<Reply>(connection.makeOutbound(for: call))
        connection.start(call) { context in
          try await handler(requests, writer, context)
          return { connection.end(call) }
        }
      }
    )
  }

  private mutating func add<Request: ProtobufMessage, Reply: ProtobufMessage>(
    _ method: RPCMethod,
    _ request: Request.Type,
    _ reply: Reply.Type,
    _ entry: RPCRoute.Entry
  ) {
    precondition(routes[method.fullName] == nil, "\(method.fullName) is registered twice")
    routes[method.fullName] = RPCRoute(
      method: method,
      entry: entry,
      isStanding: registersStanding
    )
    registered.append(
      RPCRegisteredMethod(
        method: method,
        requestType: Request.protobufName,
        replyType: Reply.protobufName
      )
    )
  }
}

/// One registered method.
struct RPCRoute: Sendable {
  /// How its handler is started.
  enum Entry: Sendable {
    /// With the bytes of the only request.
    case single(@Sendable (RawSpan, ServerCall, ServerConnection) -> Void)
    /// At once; requests come through a stream.
    case stream(@Sendable (ServerCall, ServerConnection) -> Void)
  }

  let method: RPCMethod
  let entry: Entry
  /// Whether it is answered beyond the limit on calls, because it tells how the server is.
  let isStanding: Bool
  let metrics = RPCMethodMetrics()
}

/// What reflection tells about a method.
package struct RPCRegisteredMethod: Sendable {
  /// Name and kind.
  package let method: RPCMethod
  /// Full name of the request: "morlaif.v1.ScalarizeRequest".
  package let requestType: String
  /// Full name of the reply: "morlaif.v1.ScalarizeReply".
  package let replyType: String
}

package import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import RPC
internal import ServiceLifecycle
internal import Synchronization

/// Offers one text by `GET` over plain HTTP/1.1, on a port of its own: for Prometheus, for example.
///
/// There is no TLS and no identity, so the text must hold no secrets, and whoever turns it on chooses
/// the address. One answer a connection, ten seconds of patience with each, and few that wait at once:
/// the newest takes the place of the oldest.
package final class TextEndpoint: Service {
  /// What is offered.
  package struct Page: Sendable {
    /// Where: begins with a slash.
    package let path: String
    /// The `Content-Type`.
    package let mediaType: String
    /// Makes the text, at each request anew.
    package let text: @Sendable () -> String

    /// States all.
    package init(path: String, mediaType: String, text: @escaping @Sendable () -> String) {
      self.path = path
      self.mediaType = mediaType
      self.text = text
    }
  }

  private struct State {
    /// The port once it listens; nil inside when it cannot.
    var known: Int??
    var waiters: [CheckedContinuation<Int?, Never>] = []
  }

  private let host: String
  private let port: Int
  private let page: Page
  private let logger: Logger
  private let state = Mutex(State())
  private let waiting: WaitingConnections

  private static let waitingMax = 64
  private static let patience = TimeAmount.seconds(10)

  /// An endpoint that `run` starts; `dropped` is called for each connection that was closed because it
  /// asked nothing.
  package init(
    host: String,
    port: Int,
    page: Page,
    logger: Logger,
    dropped: @escaping @Sendable () -> Void = {}
  ) {
    self.host = host
    self.port = port
    self.page = page
    self.logger = logger
    waiting = WaitingConnections(countMax: Self.waitingMax, logger: logger, dropped: dropped)
  }

  /// The port in use, as soon as it listens; nil when it cannot.
  package func waitUntilListening() async -> Int? {
    await withCheckedContinuation { continuation in
      let known = state.withLock { state in
        if state.known == nil { state.waiters.append(continuation) }
        return state.known
      }
      if let known { continuation.resume(returning: known) }
    }
  }

  private func settle(_ port: Int?) {
    let waiters = state.withLock { state in
      state.known = .some(port)
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume(returning: port) }
  }

  /// Listens until the service shuts down.
  ///
  /// - Throws: `TextEndpointError.cannotListen`.
  package func run() async throws {
    let listener: any Channel
    do {
      listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelInitializer { self.accept($0) }
        .bind(host: host, port: port).get()
    } catch {
      settle(nil)
      throw TextEndpointError.cannotListen(
        address: "\(host):\(port)",
        reason: ConnectFailure.reasonNotToListen(error)
      )
    }
    let bound = listener.localAddress?.port ?? port
    settle(bound)
    logger.notice("offered over HTTP", metadata: ["url": "http://\(host):\(bound)\(page.path)"])
    try? await gracefulShutdown()
    try? await listener.close()  // It may have been closed by an error; either way it is closed.
  }

  private func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
    waiting.add(channel)
    channel.closeFuture.whenComplete { [waiting] _ in waiting.remove(channel) }
    return channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
      try channel.pipeline.syncOperations.addHandler(
        PageAnswer(self.page, Self.patience, self.waiting)
      )
    }
  }
}

/// Answers one request and closes.
private final class PageAnswer: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let page: TextEndpoint.Page
  private let patience: TimeAmount
  private let waiting: WaitingConnections
  private var request: HTTPRequestHead?
  private var timeout: Scheduled<Void>?

  init(_ page: TextEndpoint.Page, _ patience: TimeAmount, _ waiting: WaitingConnections) {
    self.page = page
    self.patience = patience
    self.waiting = waiting
  }

  func handlerAdded(context: ChannelHandlerContext) {
    timeout = context.eventLoop.assumeIsolated().scheduleTask(in: patience) {
      self.waiting.drop(
        context.channel,
        "nothing within \(self.patience.nanoseconds / 1_000_000_000) s"
      )
      context.close(promise: nil)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    timeout?.cancel()
    context.fireChannelInactive()
  }

  /// What is not HTTP was answered before it comes here; it must not hold its place any longer.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): request = request ?? head
    case .body: break
    case .end:
      guard let request else { return }
      self.request = nil
      waiting.remove(context.channel)
      answer(request, context)
    }
  }

  private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let path = request.uri.split(separator: "?", maxSplits: 1).first ?? ""
    guard path == page.path else {
      return send(.notFound, "there is only \(page.path)\n", "text/plain", isHead: false, context)
    }
    switch request.method {
    case .GET, .HEAD:
      send(.ok, page.text(), page.mediaType, isHead: request.method == .HEAD, context)
    default:
      send(.methodNotAllowed, "only GET and HEAD\n", "text/plain", isHead: false, context)
    }
  }

  private func send(
    _ status: HTTPResponseStatus,
    _ text: String,
    _ mediaType: String,
    isHead: Bool,
    _ context: ChannelHandlerContext
  ) {
    let body = ByteBuffer(string: text)
    var head = HTTPResponseHead(version: .http1_1, status: status)
    head.headers.add(name: "Content-Type", value: mediaType)
    head.headers.add(name: "Content-Length", value: "\(body.readableBytes)")
    head.headers.add(name: "Connection", value: "close")
    if status == .methodNotAllowed { head.headers.add(name: "Allow", value: "GET, HEAD") }
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !isHead { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
    let sent = context.eventLoop.makePromise(of: Void.self)
    sent.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
  }
}

internal import Logging
internal import RPC
internal import RPCStandardServices
internal import ServiceLifecycle
internal import ServiceStubs
internal import Synchronization

/// Builds the service while its server already answers health checks, then runs its jobs.
final class ServiceLoader: Service {
  private enum Event: Sendable {
    case loaded(Result<ServiceAssembly, any Error>)
    case stopped
  }

  private let server: RPCServer
  private let standing: [any RPCService]
  private let assemble: @Sendable () async throws -> ServiceAssembly
  private let onReady: @Sendable (_ port: Int) async throws -> Void
  private let logger: Logger
  private let quietLogger: Logger
  private let assembled = Mutex<ServiceAssembly?>(nil)

  /// A loader that `run` starts.
  ///
  /// - Parameters:
  ///   - server: one that is loading.
  ///   - standing: what it offers already.
  ///   - assemble: loads models and opens stores.
  ///   - onReady: called with the port when everything can be called.
  ///   - logger: where it says what it does.
  ///   - quietLogger: for the machinery of the jobs.
  init(
    server: RPCServer,
    standing: [any RPCService],
    assemble: @escaping @Sendable () async throws -> ServiceAssembly,
    onReady: @escaping @Sendable (_ port: Int) async throws -> Void,
    logger: Logger,
    quietLogger: Logger
  ) {
    self.server = server
    self.standing = standing
    self.assemble = assemble
    self.onReady = onReady
    self.logger = logger
    self.quietLogger = quietLogger
  }

  /// Closes what the service keeps open, once no call is under way any more.
  func close() throws { try assembled.withLock { $0 }?.close() }

  func run() async throws {
    await server.waitUntilListening()
    // Without a port the server has failed, and its own error ends the process.
    guard let port = server.boundPort else { return try await gracefulShutdown() }
    logger.notice("listening", metadata: ["port": "\(port)"])
    guard let assembly = try await load() else { return logger.notice("stopping") }
    assembled.withLock { $0 = assembly }
    try server.finishLoading(assembly.services, standing: standing)
    logger.notice("ready", metadata: ["port": "\(port)"])
    try await onReady(port)
    if assembly.background.isEmpty {
      try? await gracefulShutdown()
    } else {
      try await ServiceGroup(services: assembly.background, logger: quietLogger).run()
    }
    logger.notice("stopping")
  }

  /// The service; nil when the process is to stop first, which does not wait for a large model.
  private func load() async throws -> ServiceAssembly? {
    let (events, continuation) = AsyncStream.makeStream(of: Event.self)
    let assemble = self.assemble
    Task {
      do {
        continuation.yield(.loaded(.success(try await assemble())))
      } catch {
        continuation.yield(.loaded(.failure(error)))
      }
    }
    let first = await withTaskCancellationOrGracefulShutdownHandler {
      var iterator = events.makeAsyncIterator()
      return await iterator.next()
    } onCancelOrGracefulShutdown: {
      continuation.yield(.stopped)
    }
    guard case .loaded(let outcome) = first else { return nil }
    return try outcome.get()
  }
}

internal import Synchronization

/// What `Health` answers: the state of each service, and who watches for changes.
///
/// A service is serving from the start unless its owner says otherwise with `set`.
public final class HealthRegistry: Sendable {
  /// The state of a service.
  public enum Status: Sendable, Hashable {
    /// Loading; calls may be refused.
    case starting
    /// Ready for calls.
    case serving
    /// Stopping, or unable to work.
    case notServing
  }

  /// A state with its reason.
  public struct Report: Sendable, Hashable {
    /// Whether calls are welcome.
    public let status: Status
    /// Why, when not serving; for people.
    public let detail: String
  }

  fileprivate struct State {
    /// By full service name; the empty name is the server as a whole.
    var reports: [String: Report] = [:]
    var watchers: [UInt64: (service: String, continuation: AsyncStream<Report>.Continuation)] = [:]
    var nextWatcherID: UInt64 = 0
    var startedAt: ContinuousClock.Instant?
    var isStopping = false
    /// Names that `expect` gave and nobody has set since.
    var expected: Set<String> = []
  }

  private let state = Mutex(State())

  /// A registry that knows no service yet.
  public init() {}

  /// Sets the state of one service, or of the server as a whole with the empty name.
  public func set(_ service: String, _ status: Status, detail: String = "") {
    state.withLock { state in
      guard !state.isStopping else { return }
      state.expected.remove(service)
      state.set(service, Report(status: status, detail: detail))
    }
  }

  /// The state of a service; nil when there is no such service.
  public func report(_ service: String) -> Report? {
    state.withLock { $0.reports[service] }
  }

  /// Time since the server began to listen.
  public var uptime: Duration {
    state.withLock { $0.startedAt.map { ContinuousClock.now - $0 } ?? .zero }
  }

  /// The state now and after each change, until the server stops; nil when there is no such service.
  ///
  /// A slow watcher sees the latest state, not each one between.
  public func watch(_ service: String) -> AsyncStream<Report>? {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Report.self,
      bufferingPolicy: .bufferingNewest(1)
    )
    let watcherID: UInt64? = state.withLock { state in
      guard let report = state.reports[service] else { return nil }
      continuation.yield(report)
      if state.isStopping {
        continuation.finish()
        return 0
      }
      state.nextWatcherID += 1
      state.watchers[state.nextWatcherID] = (service, continuation)
      return state.nextWatcherID
    }
    guard let watcherID else { return nil }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.watchers.removeValue(forKey: watcherID) }
    }
    return stream
  }

  /// Names services that will come; they and the server as a whole are starting until then.
  public func expect(_ services: [String], detail: String) {
    state.withLock { state in
      for service in services + [""] {
        state.set(service, Report(status: .starting, detail: detail))
        state.expected.insert(service)
      }
    }
  }

  /// The server listens: services that nobody has set are serving, and those that were expected are
  /// too once the server has loaded.
  func start(services: [String], isLoading: Bool) {
    state.withLock { state in
      state.startedAt = state.startedAt ?? ContinuousClock.now
      for service in services + [""] {
        let hasCome = !isLoading && state.expected.remove(service) != nil
        if hasCome || state.reports[service] == nil {
          state.set(service, Report(status: .serving, detail: ""))
        }
      }
    }
  }

  /// The server stops: nothing is serving, and watchers are told and let go.
  func stop() {
    let watchers = state.withLock { state in
      for service in Array(state.reports.keys) {
        state.set(service, Report(status: .notServing, detail: "the server is stopping"))
      }
      state.isStopping = true
      defer { state.watchers = [:] }
      return Array(state.watchers.values)
    }
    for watcher in watchers { watcher.continuation.finish() }
  }
}

extension HealthRegistry.State {
  fileprivate mutating func set(_ service: String, _ report: HealthRegistry.Report) {
    guard reports[service] != report else { return }
    reports[service] = report
    for watcher in watchers.values where watcher.service == service {
      watcher.continuation.yield(report)
    }
  }
}

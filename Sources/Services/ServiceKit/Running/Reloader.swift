internal import Glibc
internal import Logging
internal import RPC
internal import ServiceLifecycle
internal import Synchronization
internal import UnixSignals

/// Reads certificates and access rules again: on SIGHUP, and when their files change.
///
/// Nothing is interrupted; a file that cannot be used is logged and the old content stays in force.
struct Reloader: Service {
  let server: RPCServer
  let accessPath: String?
  let loader: ConfigurationLoader
  let interval: Duration
  let metrics: MetricsRegistry
  let logger: Logger

  func run() async throws {
    let accessFile = accessPath.map(WatchedFile.init)
    try? await cancelWhenGracefulShutdown {
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
          for await _ in await UnixSignalsSequence(trapping: .sighup) {
            logger.notice("reloading, as SIGHUP asks")
            reloadCertificate()
            reloadAccess()
          }
        }
        if interval > .zero {
          tasks.addTask {
            while true {
              try await Task.sleep(for: interval)
              if server.certificateHasChanged() { reloadCertificate() }
              if accessFile?.hasSettledChange() == true { reloadAccess() }
            }
          }
        }
        try await tasks.waitForAll()
      }
    }
  }

  private func reloadCertificate() {
    do throws(RPCError) {
      try server.reloadCertificate()
    } catch {
      logger.error(
        "certificate not reloaded; the old one stays in force",
        metadata: ["error": "\(error.message)"]
      )
    }
  }

  private func reloadAccess() {
    guard let accessPath else { return }
    do {
      let access = try AccessFile.load(accessPath, with: loader)
      try server.setAccess(access)
      metrics.add(to: MetricCatalog.accessReloads, "ok")
      logger.notice(
        "access rules loaded",
        metadata: [
          "access.file": "\(accessPath)", "access.rules": "\(access.rules.count)",
          "access.revoked":
            "\(access.revokedIdentities.count + access.revokedSerials.count)",
        ]
      )
    } catch {
      metrics.add(to: MetricCatalog.accessReloads, "failed")
      let reason = (error as? RPCError)?.message ?? "\(error)"
      logger.error(
        "access rules not reloaded; the old ones stay in force",
        metadata: ["error": "\(reason)"]
      )
    }
  }
}

/// A file that is looked at now and then.
final class WatchedFile: Sendable {
  private struct State {
    var loaded: FileStamp?
    var seen: FileStamp?
  }

  private let path: String
  private let state: Mutex<State>

  /// Remembers the file as it is.
  init(_ path: String) {
    self.path = path
    let stamp = FileStamp(path: path)
    state = Mutex(State(loaded: stamp, seen: stamp))
  }

  /// Whether the file has changed and then been left alone since the last time this was asked.
  func hasSettledChange() -> Bool {
    let stamp = FileStamp(path: path)
    return state.withLock { state in
      defer { state.seen = stamp }
      guard stamp != state.loaded, stamp == state.seen else { return false }
      state.loaded = stamp
      return true
    }
  }
}

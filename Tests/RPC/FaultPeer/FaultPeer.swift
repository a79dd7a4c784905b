import Foundation
import Logging
import ProtobufRuntime
import RPC
import ServiceLifecycle
import UnixSignals

/// A server in a process of its own, for tests that kill or stop it.
///
/// Arguments: certificate, key and CA, then seconds of silence before a PING (2). Prints its port as a
/// line once it listens. Methods of `test.Fault`: `Echo`, `Hold` (never answers), `Count` (a stream
/// without end, unless the request has one), `Total` (a stream of requests), `Idle` (answers when none of
/// these runs) and `Rest` (when the server has given memory back since then).
/// With `idle` as the first argument it is many clients instead (`IdleClients`).
@main
struct FaultPeer {
  static func main() async throws {
    let files = Array(CommandLine.arguments.dropFirst())
    if files.first == "idle", let clients = IdleClients(Array(files.dropFirst())) {
      return try await clients.run()
    }
    let tls =
      files.count >= 3
      ? TLSConfiguration(certificatePath: files[0], keyPath: files[1], caPath: files[2]) : nil
    var limits = RPCLimits()
    let slowness = ProcessInfo.processInfo.environment["MORLAIF_TEST_SLOWNESS"].flatMap { Int($0) }
    limits.keepAlive = .seconds(files.count > 3 ? Int(files[3]) ?? 2 : 2) * (slowness ?? 1)
    limits.handshakeTimeout = limits.handshakeTimeout * (slowness ?? 1)
    limits.callsMax = 4_096
    let activity = Activity()
    let logger = Logger(label: "fault-peer") { _ in MemoryLines(activity) }
    let server = RPCServer(
      configuration: RPCServerConfiguration(host: "127.0.0.1", port: 0, tls: tls, limits: limits),
      services: [FaultService(activity: activity)],
      logger: logger
    )
    let group = ServiceGroup(
      configuration: .init(
        services: [.init(service: server)],
        gracefulShutdownSignals: [.sigterm],
        logger: logger
      )
    )
    async let running: Void = group.run()
    await server.waitUntilListening()
    try FileHandle.standardOutput.write(contentsOf: Data("\(server.boundPort ?? 0)\n".utf8))
    try await running
  }
}

/// Tells what the server says about its memory, and nothing else.
private struct MemoryLines: LogHandler {
  let activity: Activity
  var logLevel = Logger.Level.debug
  var metadata: Logger.Metadata = [:]

  init(_ activity: Activity) { self.activity = activity }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    if event.message.description == "memory given back" { activity.gaveMemoryBack() }
  }
}

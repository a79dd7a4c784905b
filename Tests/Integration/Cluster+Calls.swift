import Foundation
import Logging
import Messages
import RPC
import ServiceStubs

extension Cluster {
  /// A client of a running service with the certificate of a client of this cluster; one attempt a call.
  func client(of name: String, as identity: String = "client") -> RPCClient {
    var configuration = RPCClientConfiguration()
    configuration.retry.attemptsMax = 1
    return RPCClient(
      target: RPCTarget(host: "127.0.0.1", port: members[name]?.port ?? port(inLogOf: name)),
      tls: TLSConfiguration(
        certificatePath: "\(certificates)/\(identity).pem",
        keyPath: "\(certificates)/\(identity).key",
        caPath: "\(certificates)/ca.pem",
        serverName: members[name]?.program ?? name
      ),
      configuration: configuration,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
  }

  /// The port of a service that listens but is not ready.
  func port(inLogOf name: String) -> Int {
    let line = log(name).split(separator: "\n").last { $0.contains(": listening ") } ?? ""
    return line.split(separator: " ").last { $0.hasPrefix("port=") }
      .flatMap { Int($0.dropFirst(5)) } ?? 0
  }

  /// Waits until nothing runs any more for `count` clients of a service that have left; it must log at
  /// debug level.
  func waitUntilForgotten(_ count: Int = 1, by name: String) throws {
    try wait(for: "\(count) clients that \(name) has forgotten: \(log(name).suffix(2000))") {
      let lines = log(name).split(separator: "\n")
      let left = lines.filter { $0.contains("client gone") }
      let ended = lines.count { $0.contains("handlers of a gone client have returned") }
      return left.count { $0.contains("rpc.open_calls=0") } + ended >= count
    }
  }

  /// Values of a service's metrics by name and labels, as Prometheus would write them.
  func metrics(_ client: RPCClient) async throws -> [String: Double] {
    let reply = try await MetricsClient(client).snapshot(MetricsSnapshotRequest())
    let named = reply.samples.map { sample in
      let labels = sample.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
      return (labels.isEmpty ? sample.name : "\(sample.name){\(labels)}", sample.value)
    }
    return Dictionary(named) { $1 }
  }
}

/// The status of a call that must fail; nil when it succeeds.
func failure(_ call: () async throws -> Void) async -> RPCError? {
  do {
    try await call()
    return nil
  } catch {
    return error as? RPCError ?? RPCError(code: .unknown, message: "\(error)")
  }
}

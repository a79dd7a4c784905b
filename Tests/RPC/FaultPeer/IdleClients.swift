import Foundation
import Logging
import ProtobufRuntime
import RPC

/// Thousands of connections to a service, held open by a process of their own.
///
/// A process that has them open itself cannot safely start others: Foundation's `Process` lists the open
/// files, and reads beyond the end of that list once there are more than 1,300 (it crashed so).
struct IdleClients {
  private let client: RPCClient
  private let count: Int

  /// Takes port, number of connections, name of the service, certificate, key and CA.
  init?(_ arguments: [String]) {
    guard arguments.count == 6, let port = Int(arguments[0]), let count = Int(arguments[1]) else {
      return nil
    }
    var configuration = RPCClientConfiguration()
    configuration.connectionsPerEndpoint = count
    self.count = count
    client = RPCClient(
      target: RPCTarget(host: "127.0.0.1", port: port),
      tls: TLSConfiguration(
        certificatePath: arguments[3],
        keyPath: arguments[4],
        caPath: arguments[5],
        serverName: arguments[2]
      ),
      configuration: configuration,
      logger: Logger(label: "idle-clients") { _ in SwiftLogNoOpLogHandler() }
    )
  }

  /// Calls once on each connection, says so with a line, and ends with the standard input.
  func run() async throws {
    var limit = rlimit()
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    if getrlimit(kind, &limit) == 0 {
      limit.rlim_cur = limit.rlim_max
      _ = setrlimit(kind, &limit)
    }
    let check = RPCMethod(service: "morlaif.v1.Health", name: "Check", kind: .unary)
    // Each call takes the next connection; so many at once as make a queue nowhere.
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for number in 0..<count {
        if number >= 32 { try await tasks.next() }
        tasks.addTask {
          let _: RawMessage = try await client.unary(check, RawMessage())
        }
      }
      try await tasks.waitForAll()
    }
    try FileHandle.standardOutput.write(contentsOf: Data("ready\n".utf8))
    _ = try FileHandle.standardInput.readToEnd()
    await client.close()
  }
}

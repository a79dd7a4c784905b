internal import ArgumentParser
internal import CRawTLS
internal import Foundation
internal import Logging
internal import RPC
internal import ServiceStubs

/// The server process of `benchmarks rpc`: our server and the floor's, each on a port of its own.
struct RPCBenchmarkServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rpc-server",
    abstract: "The other process of `rpc`, which starts it.",
    shouldDisplay: false
  )

  @Option(help: "Folder with certificates.")
  var certificates: String

  func run() async throws {
    var server = RPCServerConfiguration(
      host: "127.0.0.1",
      port: 0,
      tls: BenchmarkIdentity(directory: certificates).tls(of: BenchmarkIdentity.server)
    )
    // The peers of the idle connections are bare sockets that answer no PING.
    server.limits.keepAlive = .seconds(600)
    // How fast connections can be made is what is measured.
    server.limits.handshakesPerSecondMax = 0
    let logger = Logger(label: "benchmarks") { _ in SwiftLogNoOpLogHandler() }
    let running = RPCServer(
      configuration: server,
      services: [PreferenceModelService(InstantScorer()), BulkService()],
      logger: logger
    )
    let floorPort = BenchmarkIdentity(directory: certificates)
      .withFiles(of: BenchmarkIdentity.server) { raw_tls_serve($0) }
    guard floorPort > 0 else { throw BenchmarkFailure("the floor's server cannot listen") }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await running.run() }
      await running.waitUntilListening()
      try Output.line("\(running.boundPort ?? 0) \(floorPort)")
      // Ends with the process that started it, however that ends: its end of the pipe closes.
      await withCheckedContinuation { continuation in
        Thread.detachNewThread {
          while readLine() != nil {}
          continuation.resume()
        }
      }
      group.cancelAll()
    }
  }
}

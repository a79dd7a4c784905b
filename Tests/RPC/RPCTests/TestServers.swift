import Logging
import ProtobufRuntime
import RPC
import ServiceLifecycle
import Synchronization

/// A server in this process with a name and a health of its own.
struct TestServer: Sendable {
  let server: RPCServer
  let service: NamedService
  let host: String
  let port: Int
  /// Stops it and returns when it has stopped.
  let stop: @Sendable () async -> Void
}

/// Addresses that a test may change.
final class Addresses: Sendable {
  private let state: Mutex<[String]>

  init(_ list: [String]) { state = Mutex(list) }

  var list: [String] {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}

/// A service that says which server it is.
struct NamedService: RPCService {
  enum Methods {
    static let name = method("Name", isReadOnly: true)
    static let peer = method("Peer", isReadOnly: true)
    static let hold = method("Hold")
    static let second = method("Second", isReadOnly: true)
    static let write = method("Write")

    private static func method(_ name: String, isReadOnly: Bool = false) -> RPCMethod {
      RPCMethod(service: "test.Named", name: name, kind: .unary, isReadOnly: isReadOnly)
    }
  }

  let name: String
  /// Shared by all servers of a test.
  let events: Events
  let calls: Counter
  let serviceName = "test.Named"
  let descriptorSet: [UInt8] = []

  func register(in router: inout RPCRouter) {
    let (name, events, calls) = (name, events, calls)
    router.unary(Methods.name) { (_: RawMessage, _) in RawMessage(bytes: Array(name.utf8)) }
    router.unary(Methods.peer) { (_: RawMessage, context) in
      RawMessage(bytes: Array(context.peer.address.utf8))
    }
    router.unary(Methods.hold) { (request: RawMessage, _) in
      events.add("held by somebody")
      await events.wait(for: "release")
      return request
    }
    router.unary(Methods.second) { (_: RawMessage, _) in
      guard calls.next() == 1 else { return RawMessage(bytes: Array("second".utf8)) }
      await withTaskCancellationHandler {
        await events.wait(for: "first was cancelled")
      } onCancel: {
        events.add("first was cancelled")
      }
      return RawMessage(bytes: Array("first".utf8))
    }
    router.unary(Methods.write) { (request: RawMessage, _) in
      events.set("writes", calls.next())
      return request
    }
  }
}

/// Counts across threads.
final class Counter: Sendable {
  private let count = Mutex(0)

  func next() -> Int {
    count.withLock {
      $0 += 1
      return $0
    }
  }
}

/// Lends running servers and stops them afterwards.
func withTestServers<Result: Sendable>(
  _ count: Int,
  ports: [Int] = [],
  hosts: [String] = [],
  names: [String] = [],
  samePort: Bool = false,
  _ body: @Sendable ([TestServer]) async throws -> Result
) async throws -> Result {
  let logger = Logger(label: "test")
  let (events, calls) = (Events(), Counter())
  return try await withThrowingTaskGroup(of: Void.self) { tasks in
    var servers: [TestServer] = []
    for index in 0..<count {
      let service = NamedService(
        name: index < names.count ? names[index] : "\(index)",
        events: events,
        calls: calls
      )
      let host = index < hosts.count ? hosts[index] : "127.0.0.1"
      let wanted = index < ports.count ? ports[index] : 0
      let registry = HealthRegistry()
      let server = RPCServer(
        configuration: RPCServerConfiguration(
          host: host,
          port: samePort ? servers.first?.port ?? 0 : wanted,
          tls: nil
        ),
        services: [service, TestHealth(registry: registry)],
        logger: logger,
        health: registry
      )
      let group = ServiceGroup(services: [server], logger: logger)
      tasks.addTask {
        try await group.run()
        events.add("server \(index) stopped")
      }
      await server.waitUntilListening()
      servers.append(
        TestServer(
          server: server,
          service: service,
          host: host,
          port: server.boundPort ?? 0,
          stop: {
            await group.triggerGracefulShutdown()
            await events.wait(for: "server \(index) stopped")
          }
        )
      )
    }
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body(servers)) } catch { result = .failure(error) }
    events.add("release")
    for server in servers { await server.stop() }
    try await tasks.waitForAll()
    return try result.get()
  }
}

/// `Health.Watch` as the standard services offer it, on raw bytes.
struct TestHealth: RPCService {
  let registry: HealthRegistry
  let serviceName = "morlaif.v1.Health"
  let descriptorSet: [UInt8] = []

  func register(in router: inout RPCRouter) {
    let registry = registry
    let watch = RPCMethod(service: serviceName, name: "Watch", kind: .serverStreaming)
    router.serverStreaming(watch) { (_: RawMessage, replies: RPCWriter<RawMessage>, _) in
      guard let reports = registry.watch("") else { return }
      for await report in reports {
        let status: UInt8 = report.status == .serving ? 2 : report.status == .starting ? 1 : 3
        let detail = Array(report.detail.utf8)
        let text = detail.isEmpty ? [] : [0x12, UInt8(detail.count)] + detail
        try await replies.write(RawMessage(bytes: [0x08, status] + text))
      }
    }
  }
}

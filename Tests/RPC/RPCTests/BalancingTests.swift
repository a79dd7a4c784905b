import Logging
import ProtobufRuntime
import RPC
import ServiceLifecycle
import Testing

/// Several endpoints behind one client.
@Suite(.timeLimit(.minutes(2)))
struct BalancingTests {
  /// Lends `count` servers, each with its health, and a client of all of them.
  private func withServers<Result: Sendable>(
    _ count: Int,
    hosts: [String] = [],
    _ configuration: RPCClientConfiguration = RPCClientConfiguration(),
    _ body: @escaping @Sendable (RPCClient, [TestServer]) async throws -> Result
  ) async throws -> Result {
    try await withTestServers(count, hosts: hosts) { servers in
      let client = RPCClient(
        targets: servers.map { RPCTarget(host: $0.host, port: $0.port) },
        tls: nil,
        configuration: configuration,
        logger: Logger(label: "test")
      )
      let result = try await body(client, servers)
      await client.close()
      return result
    }
  }

  /// Calls until `servers` have all answered, and says who answered how often.
  private func answers(_ client: RPCClient, calls: Int) async throws -> [String: Int] {
    var answers: [String: Int] = [:]
    for _ in 0..<calls { answers[try await name(client), default: 0] += 1 }
    return answers
  }

  private func name(_ client: RPCClient) async throws -> String {
    let reply: RawMessage = try await client.unary(NamedService.Methods.name, RawMessage())
    return String(decoding: reply.bytes, as: UTF8.self)
  }

  /// Calls until only `names` answer; each call is an event, so nothing is waited for but the wire.
  private func callUntil(_ client: RPCClient, onlyAnswering names: Set<String>) async throws {
    var row: [String] = []
    while Set(row) != names || row.count < 12 {
      row.append(try await name(client))
      if row.count > 12 { row.removeFirst() }
    }
  }

  @Test func `calls are spread over all endpoints`() async throws {
    try await withServers(3) { client, _ in
      try await callUntil(client, onlyAnswering: ["0", "1", "2"])
      let answers = try await answers(client, calls: 30)
      #expect(answers == ["0": 10, "1": 10, "2": 10])
    }
  }

  @Test func `a call goes where the fewest are in flight`() async throws {
    try await withServers(2) { client, servers in
      try await callUntil(client, onlyAnswering: ["0", "1"])
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          let _: RawMessage = try await client.unary(NamedService.Methods.hold, RawMessage())
        }
        await servers[0].service.events.wait(for: "held by somebody")
        // Whoever holds a call gets none of the others.
        let answers = try await answers(client, calls: 10)
        #expect(answers.count == 1)
        servers[0].service.events.add("release")
        try await group.waitForAll()
      }
    }
  }

  @Test func `an endpoint that says it does not serve is left alone until it does`() async throws {
    try await withServers(3) { client, servers in
      try await callUntil(client, onlyAnswering: ["0", "1", "2"])
      servers[1].server.health.set("", .notServing, detail: "out of memory")
      try await callUntil(client, onlyAnswering: ["0", "2"])
      servers[1].server.health.set("", .serving)
      try await callUntil(client, onlyAnswering: ["0", "1", "2"])
    }
  }

  @Test func `an endpoint that is down is left alone until it is back`() async throws {
    // Nobody else takes a port of an address of its own in the meantime.
    try await withServers(2, hosts: ["127.0.0.1", "127.0.0.77"]) { client, servers in
      try await callUntil(client, onlyAnswering: ["0", "1"])
      let (host, port) = (servers[1].host, servers[1].port)
      await servers[1].stop()
      try await callUntil(client, onlyAnswering: ["0"])
      try await withTestServers(1, ports: [port], hosts: [host], names: ["again"]) { _ in
        try await callUntil(client, onlyAnswering: ["0", "again"])
      }
    }
  }

  @Test func `when nobody serves the error says why of each`() async throws {
    var configuration = RPCClientConfiguration()
    configuration.retry.attemptsMax = 1
    try await withServers(2, configuration) { client, servers in
      servers[0].server.health.set("", .notServing, detail: "out of memory")
      await servers[1].stop()
      var error: RPCError?
      while error == nil || error?.message.contains("out of memory") != true {
        error = await failure { _ = try await name(client) }
      }
      #expect(error?.code == .unavailable)
      #expect(error?.isUnprocessed == true)
      #expect(error?.message.contains("127.0.0.1:\(servers[1].port)") == true)
    }
  }

  @Test func `all addresses of a name are endpoints and a new answer replaces them`() async throws {
    try await withTestServers(2, hosts: ["127.0.0.1", "127.0.0.2"], samePort: true) { servers in
      let events = Events()
      let timer = ManualTimer(events)
      let addresses = Addresses(["127.0.0.1"])
      var configuration = RPCClientConfiguration()
      // Nobody moves the clock for a second try.
      configuration.retry.attemptsMax = 1
      let client = RPCClient(
        targets: [RPCTarget(host: "rewards", port: servers[0].port, usesAllAddresses: true)],
        tls: nil,
        configuration: configuration,
        logger: Logger(label: "test"),
        surroundings: surroundings(timer) { _ in .success(addresses.list) }
      )
      let first = try await answers(client, calls: 4)
      #expect(first == ["0": 4])
      addresses.list = ["127.0.0.2", "127.0.0.3"]
      await servers[0].stop()
      // Only trouble makes it ask again, and not at once.
      timer.advance(by: .seconds(6))
      var later: String?
      while later == nil { later = try? await name(client) }
      #expect(later == "1")
      await client.close()
    }
  }

  @Test func `several connections to an endpoint share its calls`() async throws {
    var configuration = RPCClientConfiguration()
    configuration.connectionsPerEndpoint = 2
    try await withServers(1, configuration) { client, servers in
      var peers: Set<String> = []
      while peers.count < 2 {
        let reply: RawMessage = try await client.unary(NamedService.Methods.peer, RawMessage())
        peers.insert(String(decoding: reply.bytes, as: UTF8.self))
      }
      #expect(peers.count == 2)
    }
  }

  @Test func `a slow read is asked elsewhere and the first answer counts`() async throws {
    var configuration = RPCClientConfiguration()
    configuration.methods["test.Named"] = RPCMethodPolicy(
      hedging: RPCHedgingPolicy(delay: .milliseconds(1), attemptsMax: 2)
    )
    try await withServers(2, configuration) { client, servers in
      try await callUntil(client, onlyAnswering: ["0", "1"])
      for server in servers { server.service.events.set("only the second answers", 1) }
      let reply: RawMessage = try await client.unary(NamedService.Methods.second, RawMessage())
      #expect(String(decoding: reply.bytes, as: UTF8.self) == "second")
      await servers[0].service.events.wait(for: "first was cancelled")
    }
  }

  @Test func `a method that is not a read is never hedged`() async throws {
    var configuration = RPCClientConfiguration()
    configuration.methods["test.Named"] = RPCMethodPolicy(
      hedging: RPCHedgingPolicy(delay: .zero, attemptsMax: 5)
    )
    try await withServers(2, configuration) { client, servers in
      for _ in 0..<20 {
        let _: RawMessage = try await client.unary(NamedService.Methods.write, RawMessage())
      }
      #expect(servers[0].service.events.value("writes") == 20)
    }
  }
}

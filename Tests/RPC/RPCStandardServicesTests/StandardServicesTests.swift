import Logging
import Messages
import RPC
import RPCStandardServices
import ServiceLifecycle
import ServiceStubs
import Testing

/// What every server offers: health and reflection.
@Suite(.timeLimit(.minutes(1)))
struct StandardServicesTests {
  private func withServer(
    _ body: (RPCServer, RPCClient, ServiceGroup) async throws -> Void
  ) async throws {
    let logger = Logger(label: "test")
    let server = RPCServer.withStandardServices(
      configuration: RPCServerConfiguration(host: "127.0.0.1", port: 0, tls: nil),
      services: [],
      logger: logger
    )
    let group = ServiceGroup(services: [server], logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      await server.waitUntilListening()
      let client = RPCClient(
        target: RPCTarget(host: "127.0.0.1", port: server.boundPort ?? 0),
        tls: nil,
        logger: logger
      )
      try await body(server, client, group)
      await client.close()
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  @Test func `a server is healthy until its owner says otherwise`() async throws {
    try await withServer { server, client, _ in
      let health = HealthClient(client)
      #expect(try await health.check(HealthRequest()).status == .serving)
      server.health.set("", .starting, detail: "loading the model")
      let reply = try await health.check(HealthRequest())
      #expect(reply.status == .starting)
      #expect(reply.detail == "loading the model")
    }
  }

  @Test func `the health of an unknown service is not found`() async throws {
    try await withServer { _, client, _ in
      let error = await #expect(throws: RPCError.self) {
        _ = try await HealthClient(client).check(HealthRequest(service: "morlaif.v1.Nothing"))
      }
      #expect(error?.code == .notFound)
    }
  }

  @Test func `watching health ends with not serving when the server stops`() async throws {
    try await withServer { server, client, group in
      let seen = try await HealthClient(client).watch(HealthRequest()) { replies in
        var seen: [ServingStatus] = []
        for try await reply in replies {
          seen.append(reply.status)
          if seen.count == 1 { await group.triggerGracefulShutdown() }
        }
        return seen
      }
      #expect(seen == [.serving, .notServing])
    }
  }

  @Test func `reflection describes every service with methods and descriptors`() async throws {
    try await withServer { _, client, _ in
      let reply = try await ReflectionClient(client).describe(DescribeRequest())
      #expect(reply.services.map(\.name) == ["morlaif.v1.Health", "morlaif.v1.Reflection"])
      let health = try #require(reply.services.first)
      #expect(health.methods.map(\.name) == ["Check", "Watch"])
      #expect(health.methods.map(\.kind) == [.unary, .serverStreaming])
      #expect(
        health.methods.map(\.requestType) == [
          "morlaif.v1.HealthRequest", "morlaif.v1.HealthRequest",
        ]
      )
      #expect(!health.descriptorSet.isEmpty)
    }
  }
}

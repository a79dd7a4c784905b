import Foundation
import Logging
import NIOCore
import ProtobufRuntime
import RPC
import Testing

/// A server in a process of its own that is killed, stopped and cut off.
@Suite(
  .serialized,
  .timeLimit(.minutes(3)),
  .enabled(
    if: FileManager.default.isExecutableFile(atPath: FaultServerProcess.program.path),
    "the fault peer has not been built"
  )
)
struct RPCFaultTests {
  private typealias Methods = FaultServerProcess.Methods

  private func echo(_ client: RPCClient, _ bytes: [UInt8] = [1, 2, 3]) async throws {
    let reply: RawMessage = try await client.unary(Methods.echo, RawMessage(bytes: bytes))
    #expect(reply.bytes == bytes)
  }

  /// Every kind of call under way at once; gives what each ended with.
  private func openCalls(
    _ client: RPCClient,
    then fault: @escaping @Sendable () async -> Void
  ) async -> [RPCError?] {
    let events = Events()
    return await withTaskGroup(of: RPCError?.self) { group in
      for _ in 0..<8 {
        group.addTask {
          await failure {
            let _: RawMessage = try await client.unary(Methods.hold, RawMessage())
          }
        }
        group.addTask {
          await failure {
            try await client.serverStreaming(Methods.count, RawMessage()) {
              (replies: RPCStream<RawMessage>) in
              for try await _ in replies { events.add("streaming") }
            }
          }
        }
        group.addTask {
          await failure {
            let _: RawMessage = try await client.clientStreaming(Methods.total) {
              (requests: RPCWriter<RawMessage>) in
              while true {
                try await requests.write(RawMessage(bytes: [UInt8](repeating: 1, count: 1_000)))
              }
            }
          }
        }
      }
      await events.wait(for: "streaming")
      await fault()
      return await group.reduce(into: []) { $0.append($1) }
    }
  }

  @Test func `a server killed in the middle of streams ends every call with unavailable`()
    async throws
  {
    let server = try FaultServerProcess()
    let client = try server.client()
    try await echo(client)
    let errors = await openCalls(client) { server.end(SIGKILL) }
    #expect(errors.count == 24)
    for error in errors {
      #expect(error?.code == .unavailable)
      #expect(
        error?.message.contains("127.0.0.1:\(server.port)") == true,
        "\(error?.message ?? "")"
      )
    }
    await client.close()
  }

  @Test func `a server that is stopped is found out and used again when it goes on`() async throws {
    let server = try FaultServerProcess()
    let client = try server.client()
    try await echo(client)
    let errors = await openCalls(client) { server.signal(SIGSTOP) }
    for error in errors {
      #expect(error?.code == .unavailable)
      #expect(error?.message.contains("silent") == true, "\(error?.message ?? "")")
    }
    server.signal(SIGCONT)
    try await echo(client)
    try await server.waitUntilIdle(client)
    #expect(server.end(SIGTERM) == 0)
    await client.close()
  }

  @Test func `a client that vanishes leaves no handler behind`() async throws {
    let server = try FaultServerProcess()
    let proxy = FaultProxy()
    let port = try await proxy.start(to: server.port)
    let client = try server.client(port: port)
    let watcher = try server.client()
    let errors = await openCalls(client) { proxy.fault = .swallow }
    #expect(errors.allSatisfy { $0?.code == .unavailable })
    await client.close()
    // The server hears nothing any more, not even the end of the connection.
    try await server.waitUntilIdle(watcher)
    await watcher.close()
    await proxy.stop()
  }

  @Test(arguments: [0, 1, 100, 1_500, 3_000, 5_000, 20_000])
  func `a connection cut anywhere ends calls clearly and the next one works`(
    after: Int
  )
    async throws
  {
    let server = try FaultServerProcess()
    let proxy = FaultProxy()
    let port = try await proxy.start(to: server.port)
    let client = try server.client(port: port)
    proxy.fault = .cut(after: after)
    let error = await failure {
      try await client.serverStreaming(Methods.count, RawMessage(bytes: [10])) {
        (replies: RPCStream<RawMessage>) in for try await _ in replies {}
      }
    }
    #expect(error?.code == .unavailable)
    proxy.fault = .none
    try await echo(client)
    try await server.waitUntilIdle(client)
    await client.close()
    await proxy.stop()
  }

  @Test func `trickled and delayed bytes are only slow`() async throws {
    let server = try FaultServerProcess()
    let proxy = FaultProxy()
    let port = try await proxy.start(to: server.port)
    let client = try server.client(port: port)
    for fault in [FaultProxy.Fault.trickle, .delay(.milliseconds(20))] {
      proxy.fault = fault
      try await echo(client, [UInt8](repeating: 5, count: 30_000))
    }
    await client.close()
    await proxy.stop()
  }

  @Test(arguments: [
    FaultProxy.Fault.corrupt(every: 37), .corrupt(every: 500), .corrupt(every: 5_000),
    .corrupt(every: 50_000), .reorder,
  ])
  func `damaged and swapped bytes cost the connection and nothing else`(
    fault: FaultProxy.Fault
  ) async throws {
    let server = try FaultServerProcess()
    let proxy = FaultProxy()
    let port = try await proxy.start(to: server.port)
    let client = try server.client(port: port)
    proxy.fault = fault
    let error = await failure {
      for _ in 0..<100 { try await echo(client, [UInt8](repeating: 7, count: 10_000)) }
    }
    #expect(error?.code == .unavailable)
    proxy.fault = .none
    await proxy.breakAll()
    var later: RPCError?
    repeat { later = await failure { try await echo(client) } } while later != nil
    await client.close()
    await proxy.stop()
  }

  @Test func `ten thousand cancelled calls a second leave nothing behind`() async throws {
    let server = try FaultServerProcess()
    let client = try server.client()
    let before = try await residentBytesAfterStreams(server, client)
    let start = ContinuousClock.now
    for _ in 0..<5 { try await cancelCalls(client, 10_000) }
    try await server.waitUntilIdle(client)
    let time = ContinuousClock.now - start
    let after = try await residentBytesAfterStreams(server, client)
    print("50,000 calls cancelled in \(time): \(before) to \(after) bytes")
    try await echo(client)
    #expect(Double(after) < Double(before) * 1.1, "\(before) bytes before, \(after) after")
    #expect(server.end(SIGTERM) == 0)
    await client.close()
  }

  @Test func `streams that are cut off leave nothing behind`() async throws {
    let server = try FaultServerProcess()
    let watcher = try server.client()
    let before = try await residentBytesAfterStreams(server, watcher)
    let proxy = FaultProxy()
    var configuration = FaultServerProcess.quick
    // A connection that breaks soon is made again after a pause.
    configuration.retry.firstPause = .milliseconds(1)
    configuration.retry.pauseMax = .milliseconds(1)
    let client = try server.client(port: try await proxy.start(to: server.port), configuration)
    for _ in 0..<50 {
      let errors = await openCalls(client) { await proxy.breakAll() }
      #expect(errors.allSatisfy { $0?.code == .unavailable })
    }
    try await server.waitUntilIdle(watcher)
    let after = try await residentBytesAfterStreams(server, watcher)
    print("1,200 calls cut off: \(before) to \(after) bytes")
    #expect(Double(after) < Double(before) * 1.1, "\(before) bytes before, \(after) after")
    #expect(server.end(SIGTERM) == 0)
    for each in [client, watcher] { await each.close() }
    await proxy.stop()
  }

  /// Memory of a server at rest after 2,000 streams that were read to their end, 100 at once.
  private func residentBytesAfterStreams(
    _ server: FaultServerProcess,
    _ client: RPCClient
  ) async throws -> Int {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<100 {
        group.addTask {
          for _ in 0..<20 {
            try await client.serverStreaming(Methods.count, RawMessage(bytes: [1, 50])) {
              (replies: RPCStream<RawMessage>) in for try await _ in replies {}
            }
          }
        }
      }
      try await group.waitForAll()
    }
    try await server.waitUntilIdle(client)
    try await server.waitUntilAtRest(client)
    return server.residentBytes
  }

  /// Begins endless streams, and gives each up as soon as its CALL is on the way.
  private func cancelCalls(_ client: RPCClient, _ count: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<100 {
        group.addTask {
          for _ in 0..<(count / 100) {
            try await client.serverStreaming(Methods.count, RawMessage()) {
              (_: RPCStream<RawMessage>) in
            }
          }
        }
      }
      try await group.waitForAll()
    }
  }
}

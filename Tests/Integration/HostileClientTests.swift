import ChildProcesses
import Foundation
import Messages
import RPC
import ServiceStubs
import Testing

/// A real service among clients that mean harm: each is told why, counted and forgotten.
///
/// What is forgotten is measured: afterwards the service holds no more memory than before, after the same
/// number of calls that meant well.
@Suite(
  .enabled(if: Program.isBuilt, "the executables have not been built"),
  .timeLimit(.minutes(5)),
  .serialized
)
struct HostileClientTests {
  let cluster: Cluster

  init() throws {
    cluster = try Cluster([])
  }

  /// What a client with a good certificate may send, and the rule that it breaks.
  struct Attack: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let rule: String
    let bytes: [UInt8]

    init(_ name: String, rule: String, _ bytes: [UInt8]) {
      testDescription = name
      self.rule = rule
      self.bytes = bytes
    }
  }

  private static let hello = frame(1, [0x08, 1, 0x10, 1])

  static let attacks = [
    Attack("a plain request", rule: "W5", Array("GET / HTTP/1.1\r\nHost: scalarizer\r\n\r\n".utf8)),
    Attack("a frame that nobody knows", rule: "W5", frame(99, [])),
    Attack("a call before HELLO", rule: "W10", frame(2, [0, 0, 0, 0])),
    Attack("an oversized length", rule: "W6", hello + frame(2, [], length: .max)),
    Attack(
      "endless metadata",
      rule: "W26",
      hello + frame(2, bigEndian(60_000) + [UInt8](repeating: 0x1a, count: 60_000))
    ),
    Attack("an answer that nobody asked for", rule: "W5", hello + frame(5, [0, 0, 0, 0])),
  ]

  @Test(arguments: attacks)
  func `a broken rule ends the connection with its number`(attack: Attack) async throws {
    try cluster.start("scalarizer")
    let observer = cluster.client(of: "scalarizer")
    try await callAround(connections: 20, callsEach: 10)
    let file = cluster.folder.path("attack")
    try Data(attack.bytes).write(to: URL(fileURLWithPath: file))
    let before = try await residentMemory(observer)
    for _ in 0..<20 {
      let answer = try send(file)
      #expect(answer.contains("\(attack.rule): "), "\(answer)")
    }
    let after = try await residentMemory(observer)
    let metrics = try await cluster.metrics(observer)
    #expect(metrics["rpc_server_broken_wire_rules_total{rule=\(attack.rule)}"] == 20)
    #expect(metrics["rpc_server_open_connections"] == 1)
    #expect(after < before * 1.1, "\(before) bytes before, \(after) after")
    let line = try cluster.line(of: "scalarizer", with: "rpc.detail=\"\(attack.rule): ")
    #expect(line.contains(" warning ") && line.contains("rpc.identity=client"), "\(line)")
    #expect(line.contains("rpc.reason=") && line.contains("rpc.peer=127.0.0.1:"), "\(line)")
    await observer.close()
    #expect(try cluster.stop("scalarizer") == 0)
  }

  /// Sends a file over TLS as the client, and gives what the service says until it closes.
  private func send(_ file: String) throws -> String {
    let command =
      "exec openssl s_client -quiet -connect \(cluster.endpoint("scalarizer")) -tls1_3 "
      + "-alpn morlaif/1 -CAfile ca.pem -cert client.pem -key client.key <'\(file)'"
    return try commandOutput(["bash", "-c", "cd '\(cluster.certificates)' && \(command)"]).output
  }

  @Test func `handshakes that never end are cut off and others are served meanwhile`()
    async throws
  {
    try cluster.start(
      "scalarizer",
      settings: "limits: {handshake_timeout_seconds: 3, handshakes_per_second_max: 0}",
      variables: ["MORLAIF_LOG_LEVEL": "debug"]
    )
    let observer = cluster.client(of: "scalarizer")
    try await callAround(connections: 60, callsEach: 10)
    let before = try await residentMemory(observer)
    let givenBack = "memory given back"
    for _ in 0..<2 {
      // The head of a record that promises more than ever comes.
      let sockets = try (0..<300).map { _ in
        try Socket(port: port, sending: [0x16, 3, 1, 2, 0, 1, 0, 1])
      }
      let meanwhile = cluster.client(of: "scalarizer")
      _ = try await HealthClient(meanwhile).check(HealthRequest())
      await meanwhile.close()
      // They are still open, so what was given back is not theirs.
      let earlier = cluster.log("scalarizer").ranges(of: givenBack).count
      for socket in sockets { #expect(socket.isClosedByPeer()) }
      try cluster.line(of: "scalarizer", with: givenBack, count: earlier + 1)
    }
    let after = try await residentMemory(observer)
    let metrics = try await cluster.metrics(observer)
    #expect(metrics["rpc_server_handshake_failures_total{reason=timeout}"] == 600)
    #expect(metrics["rpc_server_open_connections"] == 1)
    print("600 handshakes that never end: \(before) to \(after) bytes")
    #expect(after < before * 1.1, "\(before) bytes before, \(after) after")
    let line = try cluster.line(of: "scalarizer", with: "handshake failed")
    #expect(line.contains("rpc.reason=timeout"), "\(line)")
    #expect(line.contains("no end of the TLS handshake within 3.0 seconds"), "\(line)")
    await observer.close()
    #expect(try cluster.stop("scalarizer") == 0)
  }

  @Test func `cancelled calls leave nothing behind`() async throws {
    try cluster.start("scalarizer", variables: ["MORLAIF_LOG_LEVEL": "debug"])
    let observer = cluster.client(of: "scalarizer")
    try await callAround(connections: 1, callsEach: 16_000)
    let before = try await residentMemory(observer)
    let start = ContinuousClock.now
    for round in 1...2 {
      let client = cluster.client(of: "scalarizer")
      await withTaskGroup(of: Void.self) { tasks in
        for _ in 0..<64 {
          tasks.addTask {
            for _ in 0..<250 {
              // Beyond 1,024 handlers that have not noticed yet, calls are refused (W23).
              let error = await failure {
                try await HealthClient(client).watch(HealthRequest()) { stream in
                  for try await _ in stream { break }
                }
              }
              #expect(error.map(\.code) ?? .resourceExhausted == .resourceExhausted)
            }
          }
        }
      }
      await client.close()
      // The clients before were those of the calls that meant well.
      try cluster.waitUntilForgotten(1 + round, by: "scalarizer")
      let metrics = try await cluster.metrics(observer)
      let method = "method=morlaif.v1.Health/Watch"
      let begun = try #require(metrics["rpc_server_begun_calls_total{\(method)}"])
      #expect(metrics["rpc_server_ended_calls_total{\(method),code=CANCELLED}"] == begun)
      let after = try #require(metrics["process_resident_memory_bytes"])
      print(
        "\(begun) calls cancelled in \(ContinuousClock.now - start): \(before) to \(after) bytes"
      )
      #expect(after < before * 1.1, "\(before) bytes before, \(after) after")
    }
    await observer.close()
    #expect(try cluster.stop("scalarizer") == 0)
  }

  /// Calls as others make them, so that what a service needs for those is there already.
  private func callAround(connections: Int, callsEach: Int) async throws {
    let clients = (0..<connections).map { _ in cluster.client(of: "scalarizer") }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for client in clients {
        let width = min(64, callsEach)
        for _ in 0..<width {
          tasks.addTask {
            for _ in 0..<(callsEach / width) {
              _ = try await HealthClient(client).check(HealthRequest())
            }
          }
        }
      }
      try await tasks.waitForAll()
    }
    for client in clients { await client.close() }
  }

  private var port: Int { cluster.members["scalarizer"]?.port ?? 0 }

  private func residentMemory(_ client: RPCClient) async throws -> Double {
    try #require(try await cluster.metrics(client)["process_resident_memory_bytes"])
  }
}

/// The bytes of a frame, right or wrong.
private func frame(_ type: UInt8, _ payload: [UInt8], length: UInt32? = nil) -> [UInt8] {
  let length = length ?? UInt32(payload.count)
  return bigEndian(length) + [type, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, type == 1 ? 0 : 1] + payload
}

private func bigEndian(_ value: UInt32) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
}

import ChildProcesses
import Foundation
import Messages
import RPC
import ServiceStubs
import Testing

/// What an operator does with running services: certificates, access rules, metrics.
@Suite(
  .enabled(if: Program.isBuilt, "the executables have not been built"),
  .timeLimit(.minutes(5))
)
struct OperatingTests {
  let cluster: Cluster

  init() throws {
    cluster = try Cluster([])
  }

  private func reload(_ name: String) {
    guard let process = cluster.members[name]?.process else { return }
    kill(process.processIdentifier, SIGHUP)
  }

  private func write(_ text: String, to file: String) throws -> String {
    let path = cluster.folder.path(file)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// Gives a fresh scalarizer something to describe.
  private func configure(_ client: RPCClient) async throws {
    let weights = [PrincipleWeight(principleID: "conciseness", weight: 1)]
    let configuration = ScalarizationConfiguration(method: .linear, weights: weights)
    _ = try await ScalarizerClient(client).configure(ConfigureRequest(configuration: configuration))
  }

  private func describe(_ client: RPCClient) async throws {
    _ = try await ScalarizerClient(client).describe(DescribeConfigurationRequest())
  }

  private func serial(of file: String) throws -> String {
    let output = try commandOutput([
      "openssl", "x509", "-noout", "-serial", "-in", "\(cluster.certificates)/\(file).pem",
    ]).output
    return output.replacing("serial=", with: "").trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test func `certificates are renewed without a restart, on SIGHUP and by themselves`()
    async throws
  {
    try cluster.start("scalarizer", settings: "reload_seconds: 1")
    let old = cluster.client(of: "scalarizer")
    try await configure(old)
    try await describe(old)
    for round in 2...3 {
      let renewed = try cluster.morlaif([
        "certificates", "--directory", cluster.certificates, "--renew",
      ])
      try cluster.expectSuccess(renewed)
      if round == 2 { reload("scalarizer") }
      let number = try serial(of: "scalarizer").lowercased().drop { $0 == "0" }
      try cluster.line(of: "scalarizer", with: "tls.serial=\(number)")
      let new = cluster.client(of: "scalarizer")
      try await describe(new)
      await new.close()
    }
    // The connection that began with the first certificate has not noticed.
    try await describe(old)
    await old.close()
    #expect(try cluster.stop("scalarizer") == 0)
  }

  @Test func `a broken certificate is named and the old one goes on`() async throws {
    try cluster.start("scalarizer", settings: "reload_seconds: 0")
    let file = "\(cluster.certificates)/scalarizer.pem"
    try Data("broken".utf8).write(to: URL(fileURLWithPath: file))
    reload("scalarizer")
    let line = try cluster.line(of: "scalarizer", with: "certificate not reloaded")
    #expect(line.contains(" error ") && line.contains(file))
    let client = cluster.client(of: "scalarizer")
    try await configure(client)
    try await describe(client)
    let metrics = try await cluster.metrics(client)
    #expect(metrics["rpc_server_certificate_reloads_total{outcome=failed}"] == 1)
    await client.close()
  }

  @Test func `access rules decide who calls what and change while the service runs`() async throws {
    try cluster.expectSuccess(
      cluster.morlaif(["certificates", "--directory", cluster.certificates, "--client", "alice"])
    )
    let everybody = """
      rules:
        - {identities: [client], methods: ["*"]}
        - {identities: [alice], methods: [morlaif.v1.Health/*, morlaif.v1.Scalarizer/Describe]}
      """
    let file = try write(everybody, to: "access.yaml")
    try cluster.start("scalarizer", settings: "access: \(file)\nreload_seconds: 1")
    let client = cluster.client(of: "scalarizer")
    let alice = cluster.client(of: "scalarizer", as: "alice")
    try await configure(client)
    try await describe(client)
    try await describe(alice)
    let denied = await failure {
      _ = try await MetricsClient(alice).snapshot(MetricsSnapshotRequest())
    }
    #expect(denied?.code == .permissionDenied)
    #expect(
      denied?.message == "alice may not call morlaif.v1.Metrics/Snapshot: no access rule allows it"
    )
    #expect(
      try cluster.line(of: "scalarizer", with: "call denied").contains("rpc.identity=alice")
    )
    // Nobody says anything: the service looks at the file by itself.
    let serial = try serial(of: "alice")
    _ = try write(everybody + "\nrevoked: {serials: [\"\(serial)\"]}\n", to: "access.yaml")
    try cluster.line(of: "scalarizer", with: "connection ended: revoked")
    let revoked = cluster.client(of: "scalarizer", as: "alice")
    let refused = await failure { try await describe(revoked) }
    #expect(refused?.message.contains("revoked") == true, "\(String(describing: refused))")
    try cluster.line(of: "scalarizer", with: "rpc.reason=certificate_revoked")
    // A file that cannot be used changes nothing.
    _ = try write(
      "rules: [{identities: [client], methods: [morlaif.v1.Scalarizer/Descripe]}]",
      to: "access.yaml"
    )
    reload("scalarizer")
    let line = try cluster.line(of: "scalarizer", with: "access rules not reloaded")
    #expect(line.contains("morlaif.v1.Scalarizer/Descripe"))
    try await describe(client)
    let metrics = try await cluster.metrics(client)
    #expect(metrics["rpc_server_denied_calls_total"] == 1)
    #expect(metrics["rpc_server_handshake_failures_total{reason=certificate_revoked}"] ?? 0 >= 1)
    for each in [client, alice, revoked] { await each.close() }
    #expect(try cluster.stop("scalarizer") == 0)
  }

  @Test func `metrics are offered to Prometheus and by the Metrics service`() async throws {
    try cluster.start("scalarizer", settings: "prometheus: {host: 127.0.0.1, port: 0}")
    let client = cluster.client(of: "scalarizer")
    try await configure(client)
    try await describe(client)
    let port = try #require(try cluster.ready("scalarizer").prometheusPort)
    let text = try commandOutput(["curl", "-sf", "http://127.0.0.1:\(port)/metrics"]).output
    let method = "method=\"morlaif.v1.Scalarizer/Describe\""
    #expect(text.contains("\nrpc_server_ended_calls_total{\(method),code=\"OK\"} 1\n"), "\(text)")
    #expect(text.contains("\nrpc_server_call_duration_seconds_bucket{\(method),le=\"+Inf\"} 1\n"))
    #expect(text.contains("\nrpc_server_open_connections 1\n"))
    #expect(
      text.contains("\nrpc_server_handshake_failures_total{reason=\"unknown_authority\"} 0\n")
    )
    let metrics = try await cluster.metrics(client)
    #expect(metrics["rpc_server_received_bytes_total"] ?? 0 > 1_000)
    #expect(
      metrics["rpc_server_ended_calls_total{method=morlaif.v1.Scalarizer/Describe,code=OK}"] == 1
    )
    await client.close()
  }

  @Test func `idle connections do not keep Prometheus out, and are counted and logged`()
    async throws
  {
    try cluster.start("scalarizer", settings: "prometheus: {host: 127.0.0.1, port: 0}")
    let port = try #require(try cluster.ready("scalarizer").prometheusPort)
    let idle = try (0..<100).map { _ in try Socket(port: port) }
    let text = try commandOutput(["curl", "-sf", "http://127.0.0.1:\(port)/metrics"]).output
    // 100 and the one that asks, of which 64 may wait.
    #expect(text.contains("\nprometheus_dropped_connections_total 37\n"), "\(text)")
    let line = try cluster.line(of: "scalarizer", with: "http.reason=\"64 others came\"")
    #expect(line.contains("connection without a request closed http.peer=127.0.0.1:"), "\(line)")
    withExtendedLifetime(idle) {}
  }

  @Test func `a port in use is named with what to do`() throws {
    let port = try cluster.start("scalarizer").port
    let process = try cluster.begin("labeler", listen: "127.0.0.1:\(port)")
    #expect(process.reap() != 0)
    let text = "cannot listen on 127.0.0.1:\(port): Address already in use; stop what listens there"
    #expect(cluster.log("labeler").contains(text), "\(cluster.log("labeler"))")
  }

  @Test func `limits come from the configuration file`() async throws {
    try cluster.start("scalarizer", settings: "limits: {connections_per_address_max: 1}")
    let first = cluster.client(of: "scalarizer")
    try await configure(first)
    try await describe(first)
    let second = cluster.client(of: "scalarizer")
    #expect(await failure { try await describe(second) }?.code == .unavailable)
    let line = try cluster.line(of: "scalarizer", with: "connection refused")
    #expect(line.contains("rpc.limit=\"1 connections from one address\""), "\(line)")
    await first.close()
    await second.close()
  }

  @Test func `keys and their contents stay out of the log`() async throws {
    try cluster.start("scalarizer", variables: ["MORLAIF_LOG_LEVEL": "trace"])
    let client = cluster.client(of: "scalarizer")
    try await configure(client)
    try await describe(client)
    await client.close()
    #expect(try cluster.stop("scalarizer") == 0)
    let log = cluster.log("scalarizer")
    let key = try String(contentsOfFile: "\(cluster.certificates)/scalarizer.key", encoding: .utf8)
    #expect(!log.contains("PRIVATE"))
    for line in key.split(separator: "\n") where !line.hasPrefix("-") {
      #expect(!log.contains(line))
    }
  }
}

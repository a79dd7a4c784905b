import ChildProcesses
import Foundation
import Testing

/// What strangers get from a service's port.
@Suite(.enabled(if: Program.isBuilt, "the executables have not been built"))
struct TransportTests {
  let cluster: Cluster

  init() throws {
    cluster = try Cluster(["scalarizer"])
  }

  @Test func `a client with a certificate speaks TLS 1.3 and the protocol by its name`() throws {
    let seen = try openssl(["-tls1_3"] + identity("client"))
    #expect(seen.contains("TLSv1.3"))
    #expect(seen.contains("Verify return code: 0 (ok)"))
    #expect(seen.contains("ALPN protocol: morlaif/1"))
  }

  @Test func `TLS 1.2 is refused`() throws {
    let seen = try openssl(["-tls1_2"] + identity("client"), isRefused: true)
    #expect(!seen.contains("New, TLSv1.2"))
    #expect(seen.contains("alert protocol version"))
    try expectAlive()
  }

  @Test func `a client without a certificate is refused`() throws {
    let seen = try openssl(["-tls1_3"], isRefused: true)
    #expect(seen.contains("alert certificate required"))
    try expectAlive()
  }

  @Test func `a certificate of another authority is refused`() throws {
    let other = try Cluster([])
    let stranger = [
      "-tls1_3", "-cert", "\(other.certificates)/client.pem", "-key",
      "\(other.certificates)/client.key",
    ]
    let seen = try openssl(stranger, isRefused: true)
    #expect(seen.contains("alert unknown ca") || seen.contains("alert decrypt error"), "\(seen)")
    try expectAlive()
  }

  @Test(arguments: ["GET / HTTP/1.1\\r\\n\\r\\n", "\\x00\\x00\\x00\\x00\\xff\\xff", "hello"])
  func `plain TCP and garbage are refused and the service lives on`(bytes: String) throws {
    let port = cluster.members["scalarizer"]?.port ?? 0
    // The shell's own socket: sends the bytes, then reads until the service closes the connection.
    let script =
      "exec 3<>/dev/tcp/127.0.0.1/\(port); printf '\(bytes)' >&3; timeout 20 cat <&3 >/dev/null"
    let outcome = try Program.run("/bin/bash", ["-c", script])
    #expect(outcome.status != 124, "the service kept the connection open")
    try expectAlive()
  }

  @Test func `a service stops cleanly when it is asked to`() throws {
    #expect(try cluster.stop("scalarizer") == 0)
  }

  private func identity(_ name: String) -> [String] {
    ["-cert", "\(cluster.certificates)/\(name).pem", "-key", "\(cluster.certificates)/\(name).key"]
  }

  /// Everything that `openssl s_client` prints about a connection to the service.
  ///
  /// A refusal is waited for until the service closes; an accepted client leaves after the handshake.
  private func openssl(_ arguments: [String], isRefused: Bool = false) throws -> String {
    try commandOutput(
      [
        "openssl", "s_client", "-connect", cluster.endpoint("scalarizer"), "-alpn", "morlaif/1",
        "-CAfile", "\(cluster.certificates)/ca.pem", "-verify_return_error",
      ] + (isRefused ? ["-ign_eof"] : []) + arguments
    ).output
  }

  private func expectAlive() throws {
    let outcome = try cluster.morlaif([
      "call", cluster.endpoint("scalarizer"), "morlaif.v1.Health/Check", "{}",
    ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("SERVING"))
  }
}

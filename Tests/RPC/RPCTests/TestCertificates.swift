import ChildProcesses
import Foundation
import RPC

/// Certificates of a test run, made with the `openssl` command in a temporary folder.
struct TestCertificates: Sendable {
  let folder: URL

  /// Made once for all suites.
  static let shared = Result { try TestCertificates() }

  private init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("morlaif-rpc-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try makeAuthority("ca")
    try makeAuthority("other-ca")
    try makeLeaf("server", signedBy: "ca", names: "DNS:localhost,IP:127.0.0.1")
    try makeLeaf("elsewhere", signedBy: "ca", names: "DNS:elsewhere.example")
    try makeLeaf("client", signedBy: "ca", names: "DNS:trainer.example")
    try makeLeaf("other", signedBy: "ca", names: "URI:spiffe://example/other")
    try makeLeaf("stranger", signedBy: "other-ca", names: "DNS:stranger.example")
    try makeLeaf("expired", signedBy: "ca", names: "DNS:localhost,IP:127.0.0.1", days: -1)
  }

  /// Identity of one side.
  func configuration(_ name: String?, ca: String? = "ca") -> TLSConfiguration {
    TLSConfiguration(
      certificatePath: name.map { path("\($0).pem") },
      keyPath: name.map { path("\($0).key") },
      caPath: ca.map { path("\($0).pem") }
    )
  }

  func path(_ file: String) -> String { folder.appendingPathComponent(file).path }

  /// A copy of one side's files in a folder of their own, to be replaced by a test.
  func copy(_ name: String) throws -> TLSConfiguration {
    let target = folder.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    let configuration = TLSConfiguration(
      certificatePath: target.appendingPathComponent("a.pem").path,
      keyPath: target.appendingPathComponent("a.key").path,
      caPath: path("ca.pem")
    )
    try replace(configuration, by: name)
    return configuration
  }

  /// Puts one side's files in the place of a copy's.
  func replace(_ copy: TLSConfiguration, by name: String) throws {
    for (path, ending) in [(copy.certificatePath, "pem"), (copy.keyPath, "key")] {
      let data = try Data(contentsOf: URL(fileURLWithPath: self.path("\(name).\(ending)")))
      try data.write(to: URL(fileURLWithPath: path ?? ""), options: .atomic)
    }
  }

  private func makeAuthority(_ name: String) throws {
    try openssl(
      ["req", "-x509", "-days", "2", "-subj", "/CN=\(name)"] + newKey(name)
        + ["-out", path("\(name).pem"), "-addext", "keyUsage=critical,keyCertSign"]
    )
  }

  private func makeLeaf(_ name: String, signedBy ca: String, names: String, days: Int = 2) throws {
    try openssl(["req", "-subj", "/CN=\(name)"] + newKey(name) + ["-out", path("\(name).csr")])
    try "subjectAltName=\(names)\n".write(
      toFile: path("\(name).cnf"),
      atomically: true,
      encoding: .utf8
    )
    try openssl([
      "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(ca).pem"),
      "-CAkey", path("\(ca).key"), "-CAcreateserial", "-days", "\(days)",
      "-extfile", path("\(name).cnf"), "-out", path("\(name).pem"),
    ])
  }

  private func newKey(_ name: String) -> [String] {
    [
      "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
      path("\(name).key"),
    ]
  }

  private func openssl(_ arguments: [String]) throws {
    let result = try runOpenSSL(arguments)
    guard result.status == 0 else { throw OpenSSLFailed(output: result.output) }
  }
}

/// The `openssl` command did not do what a test needs.
struct OpenSSLFailed: Error {
  let output: String
}

/// Runs the `openssl` command with nothing to read; output and errors together.
func runOpenSSL(_ arguments: [String]) throws -> (status: Int32, output: String) {
  try commandOutput(["openssl"] + arguments)
}

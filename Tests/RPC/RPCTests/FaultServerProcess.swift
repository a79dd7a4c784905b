import ChildProcesses
import Foundation
import Logging
import ProtobufRuntime
import RPC

/// The fault peer as a real process.
final class FaultServerProcess: @unchecked Sendable {
  // SAFETY: each test uses its own from one task; only the process number is read elsewhere.
  enum Methods {
    static let echo = method("Echo")
    static let hold = method("Hold")
    static let running = method("Running")
    static let count = method("Count", .serverStreaming)
    static let total = method("Total", .clientStreaming)

    private static func method(_ name: String, _ kind: RPCMethodKind = .unary) -> RPCMethod {
      RPCMethod(service: "test.Fault", name: name, kind: kind)
    }
  }

  private let process = Process()
  private var hasEnded = false
  let port: Int

  static let program: URL = {
    let folder =
      ProcessInfo.processInfo.environment["MORLAIF_BIN_DIR"].map { URL(fileURLWithPath: $0) }
      ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    return folder.appendingPathComponent("FaultPeer")
  }()

  /// Starts it and waits for the line with its port.
  init() throws {
    let certificates = try TestCertificates.shared.get()
    process.executableURL = Self.program
    process.arguments = ["server.pem", "server.key", "ca.pem"].map(certificates.path)
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    var line = ""
    while !line.hasSuffix("\n") {
      guard let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty else {
        throw RPCError(code: .unavailable, message: "the fault peer did not start")
      }
      line += String(decoding: byte, as: UTF8.self)
    }
    port = Int(line.dropLast()) ?? 0
  }

  deinit { if !hasEnded { end(SIGKILL) } }

  var number: Int32 { process.processIdentifier }

  func signal(_ signal: Int32) { kill(number, signal) }

  /// Ends it by a signal and gives what it ended with.
  @discardableResult
  func end(_ signal: Int32) -> Int32 {
    hasEnded = true
    kill(number, signal)
    return process.reap()
  }

  /// Memory it has in RAM, in bytes.
  var residentBytes: Int { residentBytesOfProcess(number) }

  func client(
    port: Int? = nil,
    _ configuration: RPCClientConfiguration = FaultServerProcess.quick
  ) throws -> RPCClient {
    let certificates = try TestCertificates.shared.get()
    return RPCClient(
      target: RPCTarget(host: "127.0.0.1", port: port ?? self.port),
      tls: certificates.configuration("client"),
      configuration: configuration,
      logger: .init(label: "test")
    )
  }

  /// Finds a dead peer in four seconds, and says at once what a call ended with.
  static var quick: RPCClientConfiguration {
    var configuration = RPCClientConfiguration()
    configuration.limits.keepAlive = .seconds(2) * slowness
    configuration.limits.handshakeTimeout = .seconds(5) * slowness
    configuration.retry.attemptsMax = 1
    return configuration
  }

  /// How much longer than usual everything may take, as under a sanitizer.
  private static let slowness =
    ProcessInfo.processInfo.environment["MORLAIF_TEST_SLOWNESS"].flatMap { Int($0) } ?? 1

  /// Handlers that have not returned.
  func running(_ client: RPCClient) async throws -> Int {
    let reply: RawMessage = try await client.unary(Methods.running, RawMessage())
    return Int(String(decoding: reply.bytes, as: UTF8.self)) ?? -1
  }

  /// Asks until no handler is left; each answer is an event.
  func waitUntilIdle(_ client: RPCClient) async throws {
    while try await running(client) > 0 {}
  }
}

/// Memory a process has in RAM, in bytes.
func residentBytesOfProcess(_ number: Int32) -> Int {
  guard let text = try? String(contentsOfFile: "/proc/\(number)/status", encoding: .utf8),
    let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
    let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }
    )
  else { return 0 }
  return kilobytes * 1_024
}

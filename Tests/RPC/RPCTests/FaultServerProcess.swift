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
    static let idle = method("Idle")
    static let rest = method("Rest")
    static let count = method("Count", .serverStreaming)
    static let total = method("Total", .clientStreaming)

    private static func method(_ name: String, _ kind: RPCMethodKind = .unary) -> RPCMethod {
      RPCMethod(service: "test.Fault", name: name, kind: kind)
    }
  }

  private let process = Process()
  private let output = Pipe()
  private var hasEnded = false
  let port: Int

  static let program: URL = {
    let folder =
      ProcessInfo.processInfo.environment["MORLAIF_BIN_DIR"].map { URL(fileURLWithPath: $0) }
      ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    return folder.appendingPathComponent("FaultPeer")
  }()

  /// Starts it and waits for the line with its port; `keepAliveSeconds` is how long it bears silence
  /// before it asks.
  init(keepAliveSeconds: Int = 2) throws {
    let certificates = try TestCertificates.shared.get()
    process.executableURL = Self.program
    process.arguments =
      ["server.pem", "server.key", "ca.pem"].map(certificates.path) + ["\(keepAliveSeconds)"]
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    process.standardOutput = output
    try process.run()
    guard let line = Self.line(from: output.fileHandleForReading) else {
      throw RPCError(code: .unavailable, message: "the fault peer did not start")
    }
    port = Int(line) ?? 0
  }

  /// The next line of a pipe without its end; nil when there is none.
  private static func line(from handle: FileHandle) -> String? {
    var line: [UInt8] = []
    while let byte = try? handle.read(upToCount: 1)?.first {
      if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
    return nil
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

  /// Returns when the server has given memory back after the last of many calls at once.
  func waitUntilAtRest(_ client: RPCClient) async throws {
    let _: RawMessage = try await client.unary(Methods.rest, RawMessage())
  }

  /// Returns when every handler has.
  func waitUntilIdle(_ client: RPCClient) async throws {
    let _: RawMessage = try await client.unary(Methods.idle, RawMessage())
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

internal import Foundation

/// The server as a process of its own.
struct ServerProcess {
  let port: Int
  let floorPort: Int
  private let process: Process
  private let input: Pipe

  /// Starts this same program as a server and waits until it listens.
  static func start(_ identity: BenchmarkIdentity) throws -> ServerProcess {
    let process = Process()
    process.executableURL = try FileManager.default.destinationOfSymbolicLink(
      atPath: "/proc/self/exe"
    ).asFileURL
    process.arguments = ["rpc-server", "--certificates", identity.directory]
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var announcement = ""
    while !announcement.hasSuffix("\n") {
      let chunk = output.fileHandleForReading.availableData
      guard !chunk.isEmpty else { throw BenchmarkFailure("the server ended before it listened") }
      announcement += String(decoding: chunk, as: UTF8.self)
    }
    let ports = announcement.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    guard ports.count == 2 else { throw BenchmarkFailure("the server said \(announcement)") }
    return ServerProcess(port: ports[0], floorPort: ports[1], process: process, input: input)
  }

  /// Memory of the process, in bytes.
  var residentBytes: Int {
    get throws { try ServerProcess.residentBytes(of: process.processIdentifier) }
  }

  /// Processor time of the server and of this process together, in seconds.
  var processorSeconds: Double {
    ProcessorTime.seconds(of: process.processIdentifier) + ProcessorTime.seconds(of: getpid())
  }

  /// Ends the process and waits for its end.
  func stop() throws {
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  private static func residentBytes(of process: Int32) throws -> Int {
    let path = "/proc/\(process)/status"
    let status = try String(contentsOfFile: path, encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    guard let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw BenchmarkFailure("\(path) has no VmRSS")
    }
    return kibibytes * 1_024
  }
}

extension String {
  fileprivate var asFileURL: URL { URL(fileURLWithPath: self) }
}

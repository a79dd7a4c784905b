import Foundation

/// The process of `ScriptedServer.py`, which ends with its owner.
package final class ScriptedServer: Sendable {
  /// One request as the server saw it.
  package struct Request: Decodable {
    package var name: String
    package var path: String
    package var active: Int
    package var connection: Int
    package var authorization: String
    package var max_tokens: Int?
    package var max_completion_tokens: Int?
    package var top_logprobs: Int?
    /// How many messages the conversation has.
    package var messages: Int
    /// Hash of the body.
    package var body: String
    /// Whether it was answered for the first time under its idempotency key.
    package var isCharged: Bool
  }

  package struct StartFailure: Error {}

  package let port: Int
  private let log: String
  private let isOwner: Bool
  private let input = Pipe()

  /// Starts the server; its log goes into a folder of the caller's, or away with the server.
  package init(folder: String? = nil) throws {
    isOwner = folder == nil
    log = (folder ?? NSTemporaryDirectory()) + "/endpoint-\(UUID().uuidString).jsonl"
    let script =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/ScriptedServer.py"
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", script, log]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var line = Data()
    while let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty,
      byte != Data("\n".utf8)
    {
      line += byte
    }
    guard let port = Int(String(decoding: line, as: UTF8.self)) else { throw StartFailure() }
    self.port = port
  }

  /// The script reads standard input to its end and then leaves.
  deinit {
    try? input.fileHandleForWriting.close()
    if isOwner { try? FileManager.default.removeItem(atPath: log) }
  }

  /// Where a judge finds the endpoint that takes some steps.
  package func baseURL(_ name: String, _ steps: String) -> String {
    "http://127.0.0.1:\(port)/\(name):\(steps)/v1/"
  }

  /// What was asked under a name so far.
  package func requests(_ name: String) throws -> [Request] {
    try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
      .map { try JSONDecoder().decode(Request.self, from: Data($0.utf8)) }.filter {
        $0.name == name
      }
  }
}

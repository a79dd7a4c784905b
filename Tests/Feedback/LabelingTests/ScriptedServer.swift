import Foundation
import Labeling

/// The process of `ScriptedServer.py`, which ends with its owner.
final class ScriptedServer: Sendable {
  /// One request as the server saw it.
  struct Request: Decodable {
    var name: String
    var path: String
    var active: Int
    var connection: Int
    var authorization: String
    var max_tokens: Int?
    var max_completion_tokens: Int?
    var top_logprobs: Int?
  }

  struct StartFailure: Error {}

  let port: Int
  private let folder = TemporaryFolder()
  private let input = Pipe()

  init() throws {
    let script =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/ScriptedServer.py"
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", script, folder.file("log.jsonl")]
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
  deinit { try? input.fileHandleForWriting.close() }

  func baseURL(_ name: String, _ steps: String) -> String {
    "http://127.0.0.1:\(port)/\(name):\(steps)/v1/"
  }

  func requests(_ name: String) throws -> [Request] {
    try String(contentsOfFile: folder.file("log.jsonl"), encoding: .utf8).split(separator: "\n")
      .map { try JSONDecoder().decode(Request.self, from: Data($0.utf8)) }.filter {
        $0.name == name
      }
  }
}

import Foundation
import RPCWire
import Testing

/// Conversations as bytes that every implementation must understand or refuse alike.
@Suite
struct WireVectorTests {
  /// One line of a vector file: who sends what.
  private struct Step {
    let sender: String
    let bytes: [UInt8]
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Vectors/wire").standardized

  private static let files: [String] = {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (names ?? []).filter { $0.hasSuffix(".wire") }.sorted()
  }()

  @Test func `there are vectors`() {
    #expect(Self.files.count >= 8)
  }

  @Test(arguments: files)
  func `a recorded conversation ends as its file says`(file: String) throws {
    let text = try String(contentsOf: Self.folder.appendingPathComponent(file), encoding: .utf8)
    var client = Peer(.client)
    var server = Peer(.server)
    var opened = 0
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let words = line.split(separator: " ").map(String.init)
      switch words[0] {
      case "client": server.receive(bytes(words.dropFirst()))
      case "server":
        // A client only believes in calls it has opened itself.
        while opened < openCalls(in: text), client.machine.canOpenCall {
          _ = client.machine.open(CallHeader(method: "a/b"), message: nil, end: true)
          opened += 1
        }
        client.receive(bytes(words.dropFirst()))
      case "expect":
        let receiver = words[1] == "server" ? server : client
        let outcome = receiver.outcome.error.map { "W\($0.rule)" } ?? "ok"
        #expect(outcome == words[2], "\(file): \(receiver.outcome)")
      default: Issue.record("\(file): \(line)")
      }
    }
  }

  private func openCalls(in text: String) -> Int {
    text.split(separator: "\n").contains { $0.hasPrefix("server") } ? 2 : 0
  }

  private func bytes(_ words: ArraySlice<String>) -> [UInt8] {
    let hex = Array(words.joined().utf8)
    return stride(from: 0, to: hex.count - 1, by: 2).compactMap { index in
      UInt8(String(decoding: hex[index..<(index + 2)], as: UTF8.self), radix: 16)
    }
  }
}

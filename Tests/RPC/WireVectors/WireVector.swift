import Foundation

/// A conversation from `Tests/Vectors/wire`; the README there says what each line means.
package struct WireVector: Sendable, CustomStringConvertible {
  /// What happens to the side under test, in order.
  package enum Step: Sendable {
    /// Bytes come from the other side.
    case receives([UInt8])
    /// The server begins to drain.
    case drains
    /// The connection ends.
    case closes
  }

  /// What must be true in the end.
  package enum Expectation: Sendable, Equatable {
    /// All frames are accepted.
    case accepted
    /// The connection is refused by this rule.
    case refused(rule: Int)
    /// The call has ended with this code.
    case ends(call: UInt64, code: String, isUnprocessed: Bool)
    /// The next message of the call, in order.
    case message(call: UInt64, [UInt8])
    /// So many complete messages came in all.
    case messageCount(Int)
    /// These bytes are a frame among those that are sent.
    case sends([UInt8])
  }

  /// A line that means nothing.
  package struct Malformed: Error, CustomStringConvertible {
    package let description: String
  }

  /// File name without ending; begins with the rule it shows.
  package let name: String
  /// Whether the side under test is the client.
  package private(set) var isForClient = false
  /// Whether an implementation of calls is needed, not only of the connection.
  package private(set) var needsCalls = false
  /// Features that the side under test names in its HELLO.
  package private(set) var features: [String] = []
  /// Limits that the side under test announces, by their names in HELLO.
  package private(set) var limits: [String: Int] = [:]
  /// Kinds of the calls that the client under test has opened.
  package private(set) var opens = ["server_streaming", "server_streaming"]
  package private(set) var steps: [Step] = []
  package private(set) var expectations: [Expectation] = []

  package var description: String { name }

  /// Every vector of the folder.
  package static let all: [WireVector] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Vectors/wire").standardized
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".wire") }.sorted().map { name in
      let text = try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      do {
        return try WireVector(name: String(name.dropLast(5)), text: text ?? "")
      } catch {
        preconditionFailure("\(name): \(error)")
      }
    }
  }()

  init(name: String, text: String) throws {
    self.name = name
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let words = line.split(separator: " ").map(String.init)
      switch words[0] {
      case "client", "server": steps.append(.receives(try Self.bytes(words.dropFirst())))
      case "drains": steps.append(.drains)
      case "closes": steps.append(.closes)
      case "opens": opens = Array(words.dropFirst())
      case "needs" where words == ["needs", "calls"]: needsCalls = true
      case "needs" where words.count == 2: features.append(words[1])
      case "limits":
        for word in words.dropFirst() {
          let pair = word.split(separator: "=")
          guard pair.count == 2, let value = Int(pair[1]) else {
            throw Malformed(description: word)
          }
          limits[String(pair[0])] = value
        }
      case "expect" where words.count > 2:
        isForClient = words[1] == "client"
        expectations.append(try Self.expectation(words.dropFirst(2)))
      default: throw Malformed(description: String(line))
      }
    }
    guard !expectations.isEmpty else { throw Malformed(description: "nothing is expected") }
  }

  private static func expectation(_ words: ArraySlice<String>) throws -> Expectation {
    let words = Array(words)
    let call = words.count > 1 ? UInt64(words[1]) : nil
    switch (words[0], call) {
    case ("ok", nil): return .accepted
    case ("ends", let call?) where words.count > 2:
      return .ends(call: call, code: words[2], isUnprocessed: words.last == "unprocessed")
    case ("message", let call?): return .message(call: call, try bytes(words.dropFirst(2)))
    case ("messages", let count?): return .messageCount(Int(count))
    case ("sends", _): return .sends(try bytes(words.dropFirst()))
    default:
      guard words[0].hasPrefix("W"), let rule = Int(words[0].dropFirst()) else {
        throw Malformed(description: words.joined(separator: " "))
      }
      return .refused(rule: rule)
    }
  }

  /// Words of hexadecimal digits; `HEX*N` stands for N times the same bytes.
  private static func bytes(_ words: ArraySlice<String>) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for word in words {
      let parts = word.split(separator: "*")
      let hex = Array(parts[0].utf8)
      let once = stride(from: 0, to: hex.count - 1, by: 2).compactMap { index in
        UInt8(String(decoding: hex[index..<(index + 2)], as: UTF8.self), radix: 16)
      }
      guard once.count * 2 == hex.count, let times = parts.count > 1 ? Int(parts[1]) : 1 else {
        throw Malformed(description: word)
      }
      for _ in 0..<times { bytes += once }
    }
    return bytes
  }
}

import Foundation
import Testing

/// Every numbered rule of `Protos/WIRE.md` is kept by code that says so and shown by a test named after it.
@Suite struct WireRuleTests {
  private static let rules: [Int] = {
    let file = SourceTree.files(in: ["Protos"], extensions: ["md"]).first {
      $0.path == "Protos/WIRE.md"
    }
    return (file?.lines ?? []).flatMap { line in
      line.matches(of: /\*\*W([0-9]+)\*\*/).compactMap { Int($0.1) }
    }
  }()

  /// Where each implementation keeps the rules, and the rules that it may skip.
  private static let implementations:
    [(folder: String, extensions: Set<String>, skipped: Set<Int>)] = [
      ("Sources/RPC", ["swift"], []),
      ("Sources/Clients/python", ["py"], []),
      // It names no feature, so section 11 does not concern it.
      ("Sources/Clients/c", ["c", "h"], [39, 40, 41, 42]),
    ]

  private static let code = implementations.map { implementation in
    SourceTree.files(in: [implementation.folder], extensions: implementation.extensions)
      .flatMap(\.lines)
  }

  /// Names of test functions and of recorded conversations.
  private static let names: [String] =
    SourceTree.files(in: ["Tests/RPC"], extensions: ["swift"]).flatMap(\.lines)
    .filter { $0.contains("func `") }
    + SourceTree.files(in: ["Tests/Vectors/wire"], extensions: ["wire"]).map {
      ($0.path as NSString).lastPathComponent
    }

  @Test func `the rules are numbered without a gap`() {
    #expect(Self.rules.count >= 38)
    #expect(Self.rules == Array(1...max(Self.rules.count, 1)))
  }

  @Test(arguments: rules)
  func `a rule is cited where it is enforced`(rule: Int) {
    for (implementation, lines) in zip(Self.implementations, Self.code)
    where !implementation.skipped.contains(rule) {
      #expect(
        lines.contains { names(rule, in: $0) },
        "no code below \(implementation.folder) names W\(rule)"
      )
    }
  }

  @Test(arguments: rules)
  func `a rule has a test named after it`(rule: Int) {
    #expect(
      Self.names.contains { names(rule, in: $0) },
      "no test below Tests/RPC and no file of Tests/Vectors/wire is named after W\(rule)"
    )
  }

  private func names(_ rule: Int, in text: String) -> Bool {
    text.ranges(of: "W\(rule)").contains { range in
      !(range.upperBound < text.endIndex && text[range.upperBound].isNumber)
    }
  }
}

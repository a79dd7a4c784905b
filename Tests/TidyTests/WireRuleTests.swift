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

  private static let code = SourceTree.files(in: ["Sources/RPC"], extensions: ["swift"])
    .flatMap(\.lines)

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
    #expect(Self.code.contains { names(rule, in: $0) }, "no code below Sources/RPC names W\(rule)")
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

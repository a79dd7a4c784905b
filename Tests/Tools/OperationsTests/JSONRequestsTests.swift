import Foundation
import Operations
import Testing

/// Where the requests of `morlaif call` come from.
@Suite
struct JSONRequestsTests {
  @Test func `a request may be given as it is`() async throws {
    #expect(try await JSONRequests("{\"a\": 1}").all() == ["{\"a\": 1}"])
  }

  @Test(
    arguments: [
      ("{\"a\":1}\n{\"a\":2}\n", ["{\"a\":1}", "{\"a\":2}"]),
      (
        "\n{\n  \"a\": {\n    \"b\": 1\n  }\n}\n\n{}",
        ["{\n  \"a\": {\n    \"b\": 1\n  }\n}", "{}"]
      ),
      ("{\"a\": \"}{\\\"\"}\n{\"b\": \"{\"}", ["{\"a\": \"}{\\\"\"}", "{\"b\": \"{\"}"]),
      ("", []),
      ("{\n", ["{"]),
    ]
  )
  func `a file has objects, each on one line or several`(
    text: String,
    objects: [String]
  ) async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    #expect(try await JSONRequests("@" + file.path).all() == objects)
  }

  @Test func `a file that is missing is named`() {
    let error = #expect(throws: OperationsError.self) { try JSONRequests("@/nowhere/at-all.json") }
    #expect("\(error.map { "\($0)" } ?? "")".contains("/nowhere/at-all.json"))
  }
}

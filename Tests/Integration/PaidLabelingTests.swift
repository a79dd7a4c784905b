import ChildProcesses
import Foundation
import ScriptedEndpoint
import Testing

/// A labeler that pays an endpoint, as real processes: budgets from the command line, and kill -9.
@Suite(
  .enabled(if: Program.isBuilt, "the executables have not been built"),
  .timeLimit(.minutes(5))
)
struct PaidLabelingTests {
  static let pairCount = 40
  static let questionCount = 4 * pairCount

  /// A labeler whose judge is an endpoint that takes some steps.
  private func cluster(_ steps: String, settings: String = "") throws -> (Cluster, ScriptedServer) {
    let cluster = try Cluster([])
    let server = try ScriptedServer(folder: cluster.folder.url.path)
    let configuration = """
      listen: {host: 127.0.0.1, port: 0}
      tls:
        certificate: ${MORLAIF_CERTIFICATES}/labeler.pem
        key: ${MORLAIF_CERTIFICATES}/labeler.key
        authority: ${MORLAIF_CERTIFICATES}/ca.pem
      data: data
      principles: \(Program.projectRoot.path)/compose/config/principles
      prices: {m: {input: 1, output: 1, cached_input: 0}}
      batch_poll_seconds: 0.05
      judges:
        - kind: http
          id: paid
          http: {url: "\(server.baseURL("t", steps))", model: m, concurrency: 8\(settings)}
      """
    cluster.configure("labeler", configuration)
    try cluster.start("labeler")
    return (cluster, server)
  }

  private func command(_ cluster: Cluster, _ options: [String] = []) throws -> [String] {
    let input = cluster.folder.path("pairs.jsonl")
    let lines = (0..<Self.pairCount).map { number in
      """
      {"id": "\(number)", "prompt": "Number \(number)?", "response_a": "It is \(number).", \
      "response_b": "Well, let me think about \(number)."}
      """
    }
    try lines.joined(separator: "\n").write(toFile: input, atomically: true, encoding: .utf8)
    return [
      "label", "--dataset", "d", "--principle", "conciseness", "--principle", "relevance",
      "--input", input, "--output", cluster.folder.path("labels.jsonl"),
      "--endpoint", "labeler=\(cluster.endpoint("labeler"))",
    ] + options
  }

  private func labelCount(_ cluster: Cluster) throws -> Int {
    try String(contentsOfFile: cluster.folder.path("labels.jsonl"), encoding: .utf8)
      .split(separator: "\n").count
  }

  @Test(arguments: [1, 30, 77, 150], ["ask_again", "fail"])
  func `a labeler killed at any moment pays for no verdict twice`(
    answerCount: Int,
    lostAnswers: String
  ) async throws {
    let (cluster, server) = try cluster("longer", settings: ", lost_answers: \(lostAnswers)")
    let first = try cluster.launch(
      try command(cluster),
      output: cluster.folder.path("first.log")
    )
    try cluster.wait(for: "\(answerCount) requests") {
      try server.requests("t").count >= answerCount
    }
    try cluster.crash("labeler")
    _ = first.reap()
    try cluster.start("labeler")
    let second = try cluster.morlaif(try command(cluster))
    let requests = try server.requests("t")
    // No question is charged twice, whatever was under way.
    #expect(requests.count(where: \.isCharged) == Set(requests.map(\.body)).count)
    let repeatedCount = requests.count - Set(requests.map(\.body)).count
    if lostAnswers == "fail" {
      #expect(repeatedCount == 0)
      #expect(try labelCount(cluster) >= 2 * Self.pairCount - 8)
    } else {
      try cluster.expectSuccess(second)
      #expect(repeatedCount <= 8)
      #expect(requests.count(where: \.isCharged) == Self.questionCount)
      #expect(try labelCount(cluster) == 2 * Self.pairCount)
    }
    let paidCount = requests.count
    _ = try cluster.morlaif(try command(cluster))
    #expect(try server.requests("t").count == paidCount)
  }

  @Test func `a batch outlives labeler and command and pays for all labels`() async throws {
    let (cluster, server) = try cluster("partial,wait", settings: ", batch_requests_max: 100")
    let waiting = try cluster.launch(
      try command(cluster, ["--batch", "--batch-poll", "0.05"]),
      output: cluster.folder.path("first.log")
    )
    try cluster.wait(for: "the batches") {
      try server.requests("t").count { $0.path.hasSuffix("/batches") } >= 1
    }
    try cluster.crash("labeler")
    _ = waiting.reap()
    try cluster.start("labeler")
    let outcome = try cluster.morlaif(try command(cluster, ["--batch", "--batch-poll", "0.05"]))
    // A third of the first batch failed and went out again; one request was refused for good, and
    // labelling asks it directly, of an endpoint that knows no such step.
    #expect(outcome.status == 70 && outcome.errors.contains("1 judgements failed"), "\(outcome)")
    #expect(outcome.errors.contains("HTTP status 400"), "\(outcome)")
    #expect(try labelCount(cluster) == 2 * Self.pairCount - 1)
    let batches = try server.requests("t").count { $0.path.hasSuffix("/batches") }
    #expect(batches == 3)
  }

  @Test func `budgets, estimates and books are at hand in the command line`() throws {
    let (cluster, server) = try cluster("longer", settings: ", budget: {max_requests: 100}")
    let estimate = try cluster.morlaif(try command(cluster, ["--dry-run"]))
    try cluster.expectSuccess(estimate)
    #expect(estimate.output.contains("requests   \(Self.questionCount)"))
    #expect(estimate.output.contains("cost       about $"))
    #expect(try server.requests("t").isEmpty)

    let small = try cluster.morlaif(try command(cluster, ["--max-requests", "30"]))
    #expect(small.status == 70, "\(small)")
    #expect(
      small.errors.contains("RESOURCE_EXHAUSTED") || small.errors.contains("resourceExhausted")
    )
    #expect(small.errors.contains("max_requests of run d") && small.errors.contains("limit 30"))
    #expect(try server.requests("t").count == 30)
    #expect((1...15).contains(try labelCount(cluster)))

    let poor = try cluster.morlaif(
      try command(cluster, ["--run", "poor", "--max-cost", "0.0000001"])
    )
    #expect(poor.status == 70 && poor.errors.contains("max_cost of run poor"), "\(poor)")
    #expect(try server.requests("t").count == 30)

    let judge = try cluster.morlaif(try command(cluster))
    #expect(judge.status == 70 && judge.errors.contains("max_requests of judge http:m"), "\(judge)")
    #expect(try server.requests("t").count == 100)

    let usage = try cluster.morlaif(
      ["usage", "--endpoint", "labeler=\(cluster.endpoint("labeler"))"]
    )
    try cluster.expectSuccess(usage)
    #expect(usage.output.contains("budget of http:m: $0.0110, 100 of 100 requests"), "\(usage)")
  }
}

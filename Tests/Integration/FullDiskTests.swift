import ChildProcesses
import Foundation
import Messages
import RPC
import ServiceStubs
import Testing

/// Each service while its disk is full: it says which file could not be written, loses nothing that was
/// there, answers, and goes on when there is room again.
@Suite(
  .enabled(if: Program.isBuilt, "the executables have not been built"),
  .enabled(if: SmallDisk.isPossible, "this user may not mount a file system"),
  .timeLimit(.minutes(5)),
  .serialized
)
struct FullDiskTests {
  let cluster: Cluster

  init() throws {
    cluster = try Cluster([])
  }

  /// Runs a service with its data folder on a file system of `bytes` bytes, of its own.
  private func startOnSmallDisk(_ name: String, bytes: Int) throws -> Cluster.Member {
    let data = cluster.data(of: name)
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    let script = "mount -t tmpfs -o size=\(bytes) tmpfs '\(data)' && exec \"$@\""
    return try cluster.start(
      name,
      wrapper: ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    )
  }

  /// Fills the data folder of a service, as only that service sees it; returns the filler's path.
  private func fill(_ name: String, _ member: Cluster.Member) throws -> String {
    let path = "/proc/\(member.process.processIdentifier)/root\(cluster.data(of: name))/filler"
    _ = try commandOutput(["dd", "if=/dev/zero", "of=\(path)", "bs=4096"])
    return path
  }

  private func configure(_ client: RPCClient, _ comment: String, weight: Double) async throws {
    _ = try await ScalarizerClient(client).configure(
      ConfigureRequest(
        configuration: ScalarizationConfiguration(
          method: .linear,
          weights: [PrincipleWeight(principleID: "conciseness", weight: weight)]
        ),
        comment: comment
      )
    )
  }

  @Test func `a scalarizer whose disk is full says so, goes on scalarizing and recovers`()
    async throws
  {
    let member = try startOnSmallDisk("scalarizer", bytes: 65_536)
    let client = cluster.client(of: "scalarizer")
    try await configure(client, "before", weight: 1)
    let filler = try fill("scalarizer", member)
    // The journal's last page may have room for some more.
    var error: RPCError?
    for attempt in 2...40 where error == nil {
      error = await failure { try await configure(client, "full", weight: Double(attempt)) }
    }
    let refusal = try #require(error)
    #expect(refusal.code == .resourceExhausted, "\(refusal)")
    #expect(refusal.message.contains("configurations.jsonl"), "\(refusal)")
    #expect(refusal.message.contains("No space left"), "\(refusal)")
    let inForce = try await ScalarizerClient(client).describe(DescribeConfigurationRequest())
    try FileManager.default.removeItem(atPath: filler)
    try await configure(client, "after", weight: 100)
    let after = try await ScalarizerClient(client).describe(DescribeConfigurationRequest())
    #expect(after.configurationVersion == inForce.configurationVersion + 1)
    let journal =
      "/proc/\(member.process.processIdentifier)/root"
      + "\(cluster.data(of: "scalarizer"))/configurations.jsonl"
    let lines = try String(contentsOfFile: journal, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == Int(after.configurationVersion))
    for line in lines {
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    }
    await client.close()
    #expect(try cluster.stop("scalarizer") == 0)
  }

  @Test func `a labeler whose disk is full says so and recovers`() async throws {
    let member = try startOnSmallDisk("labeler", bytes: 1 << 20)
    let filler = try fill("labeler", member)
    var refused: Program.Outcome?
    for attempt in 0..<40 where refused == nil {
      let outcome = try importPreferences("full\(attempt)")
      if outcome.status != 0 { refused = outcome }
    }
    let errors = try #require(refused?.errors)
    #expect(errors.contains("labels.sqlite") && errors.contains("full"), "\(errors)")
    try FileManager.default.removeItem(atPath: filler)
    try cluster.expectSuccess(importPreferences("after"))
    #expect(try cluster.stop("labeler") == 0)
  }

  private func importPreferences(_ name: String) throws -> Program.Outcome {
    let text = String(repeating: "words and words ", count: 400)
    let lines = (0..<40).map { index in
      """
      {"prompt": "\(name) \(index) \(text)", "chosen": "a", "rejected": "b", "principle": "relevance"}

      """
    }
    return try cluster.morlaif(
      ["import", "--dataset", "disk", "--input", "-"] + cluster.endpoints,
      input: lines.joined()
    )
  }

  @Test func `a preference-model whose disk is full says so, keeps its models and recovers`()
    async throws
  {
    try cluster.start("labeler")
    try cluster.start("scalarizer")
    let member = try startOnSmallDisk("preference-model", bytes: 4 << 20)
    try cluster.prepareRewards()
    let scored = try score()
    let filler = try fill("preference-model", member)
    let refused = try cluster.train(adapter: "second")
    #expect(refused.status != 0)
    #expect(refused.errors.contains("No space left"), "\(refused.errors)")
    #expect(refused.errors.contains(cluster.data(of: "preference-model")), "\(refused.errors)")
    // The models that were there are still those that answer, now and after a restart.
    #expect(try score() == scored)
    try FileManager.default.removeItem(atPath: filler)
    try cluster.expectSuccess(cluster.train(adapter: "second"))
    #expect(try score(adapter: "tiny") == scored)
    #expect(try cluster.stop("preference-model") == 0)
  }

  @Test func `a policy-trainer whose disk is full says so, keeps its checkpoint and goes on later`()
    async throws
  {
    for name in ["labeler", "scalarizer", "preference-model"] { try cluster.start(name) }
    try cluster.prepareRewards()
    let member = try startOnSmallDisk("policy-trainer", bytes: 8 << 20)
    let output = cluster.folder.path("steps.jsonl")
    let training = try cluster.trainPolicy(output: output)
    let before = try Steps.waited(for: 4, cluster: cluster, output: output)
    let filler = try fill("policy-trainer", member)
    // The run may go on as long as its files' last pages have room.
    #expect(training.reap() != 0)
    let said = try String(contentsOfFile: output, encoding: .utf8)
    #expect(said.contains("No space left"), "\(said.suffix(1000))")
    #expect(said.contains(cluster.data(of: "policy-trainer")), "\(said.suffix(1000))")
    // It answers, and the checkpoint from before is whole.
    try cluster.expectSuccess(callTrainer("Status"))
    try cluster.expectSuccess(callTrainer("FetchPolicy"))
    try FileManager.default.removeItem(atPath: filler)
    let again = cluster.folder.path("again.jsonl")
    let resumed = try cluster.trainPolicy(output: again)
    _ = try Steps.waited(for: before.count + 4, cluster: cluster, output: again)
    let count = try cluster.cancel(resumed, output: again)
    #expect(try Steps.read(again).map(\.step) == Array(1...count))
    #expect(try cluster.stop("policy-trainer") == 0)
  }

  /// What the preference models say of one answer, with the weights that said it.
  private func score(adapter: String = "tiny") throws -> String {
    let outcome = try cluster.morlaif(
      ["score", "--sources", "--adapter", adapter, "--input", "-", "--output", "-"]
        + cluster.endpoints,
      input: #"{"prompt":"How do I make tea?","response":"Boil water."}"# + "\n"
    )
    try cluster.expectSuccess(outcome)
    return outcome.output
  }

  private func callTrainer(_ method: String) throws -> Program.Outcome {
    try cluster.morlaif([
      "call", cluster.endpoint("policy-trainer"), "morlaif.v1.PolicyTrainer/\(method)", "{}",
      "--certificates", cluster.certificates,
    ])
  }
}

/// A file system of a test's own.
private enum SmallDisk {
  /// Whether this user may mount one.
  static let isPossible =
    (try? commandOutput([
      "unshare", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt",
    ]).status) == 0
}

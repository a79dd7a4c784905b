import ChildProcesses
import Foundation
import Testing

/// A training that goes on while its reward services are changed, killed and brought back.
@Suite(.enabled(if: Program.isBuilt, "the executables have not been built"), .serialized)
struct RewardServiceTests {
  let cluster: Cluster

  init() throws {
    cluster = try Cluster()
    try cluster.prepareRewards()
  }

  @Test func `linear is swapped for max-min and back while the policy trains`() throws {
    let output = cluster.folder.path("steps.jsonl")
    let training = try cluster.trainPolicy(output: output)
    let before = try Steps.waited(for: 2, cluster: cluster, output: output)
    let first = try #require(before.last?.version)

    let maxmin = try cluster.configure("SCALARIZATION_METHOD_MAXMIN")
    let during = try Steps.waited(for: 2, cluster: cluster, output: output, version: maxmin)
    #expect(during.contains { $0.version == maxmin })

    let linear = try cluster.configure("SCALARIZATION_METHOD_LINEAR")
    _ = try Steps.waited(for: 2, cluster: cluster, output: output, version: linear)
    let count = try cluster.cancel(training, output: output)

    let steps = try Steps.read(output)
    // Nothing is lost and nothing is mixed: every step once, in order, each of one version.
    #expect(steps.map(\.step) == Array(1...count))
    #expect(Set(steps.map(\.version)) == [first, maxmin, linear])
    #expect(steps.map(\.version) == steps.map(\.version).sorted())
    #expect(Set(steps.map { "\($0.version) \($0.hash)" }).count == 3)
    #expect(try Steps.events(output).contains { $0 == "scalarizer_reconfigured" })
  }

  @Test func `a killed scalarizer delays the run and takes nothing from it`() throws {
    let output = cluster.folder.path("steps.jsonl")
    let training = try cluster.trainPolicy(output: output)
    let before = try Steps.waited(for: 2, cluster: cluster, output: output)
    try cluster.crash("scalarizer")
    try cluster.wait(for: "the trainer to say that it waits") {
      try Steps.events(output).contains("waiting")
    }
    try cluster.start("scalarizer")
    try cluster.wait(for: "the trainer to go on") {
      try Steps.events(output).contains("recovered")
    }
    let waited = try Steps.read(output).count
    _ = try Steps.waited(for: waited + 2, cluster: cluster, output: output)
    let count = try cluster.cancel(training, output: output)

    let steps = try Steps.read(output)
    #expect(steps.map(\.step) == Array(1...count))
    // The restarted scalarizer remembers its configuration: same version, same hash.
    #expect(Set(steps.map(\.hash)) == Set(before.map(\.hash)))
  }

  @Test func `a trainer killed in the middle goes on from its checkpoint`() throws {
    let output = cluster.folder.path("steps.jsonl")
    let training = try cluster.trainPolicy(output: output)
    let before = try Steps.waited(for: 6, cluster: cluster, output: output)
    try cluster.crash("policy-trainer")
    training.terminate()
    _ = training.reap()
    try cluster.start("policy-trainer")

    let again = cluster.folder.path("again.jsonl")
    let resumed = try cluster.trainPolicy(output: again)
    _ = try Steps.waited(for: before.count + 4, cluster: cluster, output: again)
    let count = try cluster.cancel(resumed, output: again)
    #expect(try Steps.read(again).map(\.step) == Array(1...count))
  }
}

/// What `morlaif train-policy` wrote.
enum Steps {
  struct Step: Decodable {
    let kind: String
    let step: Int
    let version: Int
    let hash: String

    enum CodingKeys: String, CodingKey {
      case kind
      case step
      case version = "configuration_version"
      case hash = "configuration_hash"
    }
  }

  struct Finished: Decodable {
    let outcome: String
    let stepsDone: Int

    enum CodingKeys: String, CodingKey {
      case outcome
      case stepsDone = "steps_done"
    }
  }

  private struct Kind: Decodable {
    let kind: String
    let event: String?
  }

  static func read(_ path: String) throws -> [Step] {
    try lines(path).compactMap { try? JSONDecoder().decode(Step.self, from: $0) }
      .filter { $0.kind == "step" }
  }

  /// Names of the events, in their order.
  static func events(_ path: String) throws -> [String] {
    try lines(path).compactMap { try? JSONDecoder().decode(Kind.self, from: $0) }
      .compactMap { $0.kind == "event" ? $0.event : nil }
  }

  /// How the run ended; nil when it has not said so.
  static func finished(_ path: String) throws -> Finished? {
    try lines(path).compactMap { try? JSONDecoder().decode(Finished.self, from: $0) }.last
  }

  /// The steps so far, as soon as `count` of them were rewarded by `version` (of any when nil).
  static func waited(
    for count: Int,
    cluster: Cluster,
    output: String,
    version: Int? = nil
  ) throws -> [Step] {
    var steps: [Step] = []
    try cluster.wait(for: "\(count) steps; trainer: \(cluster.log("policy-trainer").suffix(3000))")
    {
      steps = try read(output)
      return steps.count { version == nil || $0.version == version } >= count
    }
    return steps
  }

  private static func lines(_ path: String) throws -> [Data] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { Data($0.utf8) }
  }
}

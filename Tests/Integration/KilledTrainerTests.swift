import ChildProcesses
import Foundation
import Messages
import RPC
import ServiceStubs
import Testing

/// A trainer that is killed with -9 again and again, and the weights that it ends with.
@Suite(
  .enabled(if: Program.isBuilt, "the executables have not been built"),
  .serialized,
  .timeLimit(.minutes(10))
)
struct KilledTrainerTests {
  private let cluster: Cluster
  private let library: String

  init() throws {
    cluster = try Cluster()
    try cluster.prepareRewards()
    library = cluster.folder.path("crash.so")
    let source = Program.projectRoot.appendingPathComponent("Tests/CrashPoints/CrashPoints.c").path
    let built = try commandOutput(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"])
    try #require(built.status == 0, "\(built.output)")
  }

  @Test func `killed at any file operation, a run ends with the weights of one that was not`()
    async throws
  {
    let whole = try await train("whole")
    var kills = 0
    // Operations of a start, of the journal, of an adapter and of a checkpoint: each place in turn,
    // and further on each time, so that the run gets on.
    for operation in stride(from: 1, through: 260, by: 7) {
      if try await !trainKilled("torn", ["CRASH_AT_FILE_OPERATION": "\(operation)"]) { break }
      kills += 1
    }
    let torn = try await train("torn")
    #expect(kills > 5)
    try expectSame(torn, whole)
  }

  @Test func `killed in rollouts and updates, a run ends with the weights of one that was not`()
    async throws
  {
    let before = try processorMicros()
    let whole = try await train("whole")
    let needed = try processorMicros() - before
    var kills = 0
    // Small shares, because threads that wait for each other take processor time too: on a busy
    // machine the whole run seems to need much more than it does.
    for share in [0.03, 0.06, 0.12, 0.05, 0.2, 0.1] {
      let micros = Int(share * Double(needed))
      if try await !trainKilled("torn", ["CRASH_AFTER_CPU_MICROS": "\(micros)"]) { break }
      kills += 1
    }
    let torn = try await train("torn")
    #expect(kills > 0)
    try expectSame(torn, whole)
  }

  private static let stepCount = 12

  /// Trains to the end with the trainer as it is.
  private func train(_ id: String) async throws -> [TrainPolicyStep] {
    let client = cluster.client(of: "policy-trainer")
    do {
      let steps = try await follow(id, client)
      await client.close()
      return steps
    } catch {
      await client.close()
      throw error
    }
  }

  /// Starts the trainer so that it dies, and trains; returns whether it died.
  ///
  /// Behind this a trainer runs that does not die.
  private func trainKilled(_ id: String, _ crash: [String: String]) async throws -> Bool {
    _ = try cluster.stop("policy-trainer")
    let variables = crash.merging(["LD_PRELOAD": library, "CRASH_FOLDER": "/runs/"]) { $1 }
    let process = try cluster.start("policy-trainer", variables: variables).process
    var isKilled = false
    do {
      _ = try await train(id)
      _ = try cluster.stop("policy-trainer")
    } catch {
      isKilled = true
      let signal = process.reap()
      try #require(signal == SIGKILL, "ended with \(signal), \(error)")
    }
    try cluster.start("policy-trainer")
    return isKilled
  }

  private func follow(_ id: String, _ client: RPCClient) async throws -> [TrainPolicyStep] {
    var settings = PolicyHyperparameters()
    settings.rank = 2
    settings.topLayers = 2
    settings.steps = UInt32(Self.stepCount)
    settings.promptsPerStep = 3
    settings.samplesPerPrompt = 2
    settings.epochs = 2
    settings.minibatches = 2
    settings.checkpointSteps = 2
    settings.klTarget = 0.5
    settings.klHorizon = 100
    let request = TrainPolicyRequest(
      runID: id,
      prompts: (0..<7).map { Prompt(id: "p\($0)", text: "How do I make tea for \($0) people?") },
      principleIDs: ["conciseness", "understandability"],
      adapterID: "tiny",
      hyperparameters: settings,
      sampling: SamplingOptions(tokensMax: 12),
      seed: 11
    )
    return try await PolicyTrainerClient(client).train(request) { replies in
      var steps: [TrainPolicyStep] = []
      var outcome = ""
      for try await reply in replies {
        switch reply.kind {
        case .step(let step): steps.append(step)
        case .finished(let finished): outcome = finished.outcome
        default: break
        }
      }
      try #require(outcome == "completed", "\(outcome)")
      return steps
    }
  }

  /// Same weights, moments, statistics and cursor, bit for bit, and the same story of how they came.
  private func expectSame(_ torn: [TrainPolicyStep], _ whole: [TrainPolicyStep]) throws {
    #expect(whole.map(\.step) == (1...UInt32(Self.stepCount)).map { $0 })
    #expect(torn.map(\.step) == whole.map(\.step))
    for (step, other) in zip(torn, whole) {
      #expect(step.samples == other.samples)
      let timed = ["time/", "eps"]
      for (metric, same) in zip(step.metrics, other.metrics)
      where !timed.contains(where: { metric.name.hasPrefix($0) }) {
        #expect(metric == same, "step \(step.step)")
      }
    }
    for file in ["checkpoints/step-00000012.safetensors", "adapter/adapter_model.safetensors"] {
      let runs = cluster.data(of: "policy-trainer") + "/runs/"
      let kept = try ["torn", "whole"].map {
        try Data(contentsOf: URL(fileURLWithPath: runs + $0 + "/" + file))
      }
      #expect(kept[0] == kept[1], "\(file) differs")
    }
  }

  /// Processor time of the trainer so far.
  private func processorMicros() throws -> Int {
    let process = try #require(cluster.members["policy-trainer"]?.process)
    let stat = try String(
      contentsOfFile: "/proc/\(process.processIdentifier)/stat",
      encoding: .utf8
    )
    // Behind the name in parentheses: utime and stime are the twelfth and thirteenth field.
    let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
    let ticks = try [11, 12].map { try #require(Int(fields[$0])) }.reduce(0, +)
    return ticks * 1_000_000 / sysconf(Int32(_SC_CLK_TCK))
  }
}

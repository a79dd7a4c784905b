import ChildProcesses
import Foundation
import Testing

extension Cluster {
  private static let principles = ["conciseness", "understandability"]

  /// Labels pairs by the rules, trains a preference model for each principle, configures the scalarizer.
  func prepareRewards() throws {
    var lines = ""
    for index in 1...24 {
      let short = "Boil the water, add the leaves and wait for \(index) minutes."
      let long =
        String(
          repeating: "There is quite a lot that could be said about it, ",
          count: 1 + index % 4
        )
        + "and \(index) of these things are rather hard to understand for anybody."
      let (a, b) = index.isMultiple(of: 2) ? (short, long) : (long, short)
      lines += """
        {"id":"t\(index)","prompt":"How do I make tea for \(index) people?","response_a":"\(a)","response_b":"\(b)"}

        """
    }
    let place = endpoints
    try expectSuccess(
      morlaif(
        ["label", "--dataset", "tiny", "--input", "-", "--output", "-"] + principleOptions + place,
        input: lines
      )
    )
    try expectSuccess(train(adapter: "tiny"))
    _ = try configure("SCALARIZATION_METHOD_LINEAR")
  }

  /// Trains a preference model for each principle on the labels of `prepareRewards`.
  func train(adapter: String) throws -> Program.Outcome {
    try morlaif(
      ["train-preferences", "--dataset", "tiny", "--adapter", adapter] + principleOptions
        + endpoints
    )
  }

  /// Options that tell the command line where the services are.
  var endpoints: [String] {
    ["--certificates", certificates]
      + members.flatMap { ["--endpoint", "\($0.key)=127.0.0.1:\($0.value.port)"] }
  }

  private var principleOptions: [String] {
    Self.principles.flatMap { ["--principle", $0] }
  }

  /// Gives the scalarizer another function through the generic `call`; answers its version.
  func configure(_ method: String) throws -> Int {
    struct Reply: Decodable { let configurationVersion: String }
    let weights = Self.principles.map { "{\"principleId\":\"\($0)\",\"weight\":1}" }
    let outcome = try morlaif([
      "call", endpoint("scalarizer"), "morlaif.v1.Scalarizer/Configure",
      "{\"configuration\":{\"method\":\"\(method)\",\"weights\":[\(weights.joined(separator: ","))]}}",
      "--certificates", certificates,
    ])
    try expectSuccess(outcome)
    let reply = try JSONDecoder().decode(Reply.self, from: Data(outcome.output.utf8))
    return try #require(Int(reply.configurationVersion))
  }

  /// Starts a training of the policy whose steps go to `output`, and which goes on until `cancel`.
  func trainPolicy(output: String, samplesPerPrompt: Int = 1) throws -> Process {
    let prompts = folder.path("prompts.jsonl")
    let lines = (1...8).map { "{\"prompt\":\"How do I make tea for \($0) people?\"}\n" }
    try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: prompts))
    let settings = [
      // More than any machine gets to, so that no test depends on its speed.
      "steps=100000", "prompts_per_step=4", "samples_per_prompt=\(samplesPerPrompt)",
      "top_layers=2", "rank=2",
      "epochs=1", "minibatches=1", "checkpoint_steps=2",
    ]
    return try launch(
      ["train-policy", "--run-id", "tiny", "--input", prompts, "--max-tokens", "12"]
        + principleOptions + settings.flatMap { ["--set", $0] } + endpoints,
      output: output
    )
  }

  /// Ends the run after the step under way and gives the number of its steps.
  func cancel(_ training: Process, output: String) throws -> Int {
    try expectSuccess(
      morlaif([
        "call", endpoint("policy-trainer"), "morlaif.v1.PolicyTrainer/Cancel", "{}",
        "--certificates", certificates,
      ])
    )
    // `train-policy` says by its exit code that the run did not get to its end.
    guard training.reap() != 0, let finished = try Steps.finished(output) else {
      throw Failure(description: "no cancelled run in \(output)")
    }
    guard finished.outcome == "cancelled" else {
      throw Failure(description: "the run ended as \(finished.outcome)")
    }
    return finished.stepsDone
  }

  func expectSuccess(_ outcome: Program.Outcome) throws {
    guard outcome.status == 0 else {
      throw Failure(description: "exit code \(outcome.status): \(outcome.errors)\(outcome.output)")
    }
  }
}

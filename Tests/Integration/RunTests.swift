import Foundation
import Testing

/// The whole main job on the real model, as small as it can be.
@Suite(
  .enabled(if: Program.isBuilt, "the executables have not been built"),
  .enabled(if: Program.realModel != nil, "MORLAIF_TEST_MODEL does not name a model")
)
struct RunTests {
  @Test func `a recipe leaves a whole run folder and running it again repeats nothing`() throws {
    let cluster = try Cluster(model: try #require(Program.realModel))
    let output = try finishedRun(of: cluster, recipe: Self.recipe)
    let recipe = cluster.folder.path("recipe.yaml")
    for name in [
      "recipe.yaml", "journal.jsonl", "labels.jsonl", "adapters", "checkpoints", "metrics.jsonl",
      "answers.jsonl",
      "summary.json", "report.html",
    ] {
      #expect(FileManager.default.fileExists(atPath: "\(output)/\(name)"), "\(name) is missing")
    }
    let summary = try summary(of: output)
    let overall = try #require(summary["overall"] as? [String: Any])
    let rate = try #require(overall["win_rate"] as? Double)
    let low = try #require(overall["win_rate_low"] as? Double)
    let high = try #require(overall["win_rate_high"] as? Double)
    #expect(low <= rate && rate <= high)
    let principles = try #require(summary["principles"] as? [String: [String: Any]])
    #expect(Set(principles.keys) == ["conciseness", "understandability"])
    for (id, values) in principles {
      for key in ["pm_accuracy", "base_mean", "tuned_mean", "win_rate"] {
        #expect(values[key] is Double, "\(id).\(key)")
      }
    }
    for key in ["kl", "mean_length", "base_nll", "distinct_2", "seconds", "peak_rss_mib"] {
      #expect(summary[key] != nil, "\(key)")
    }
    let steps = try lines(output, "metrics.jsonl")
    let journal = try lines(output, "journal.jsonl")
    try cluster.expectSuccess(
      cluster.morlaif(["run", recipe, "--output", output] + cluster.endpoints)
    )
    #expect(try lines(output, "metrics.jsonl") == steps)
    #expect(try lines(output, "journal.jsonl").starts(with: journal))
  }

  @Test func `every reward follows from the line of its answer`() throws {
    let cluster = try comparingCluster()
    defer { withExtendedLifetime(cluster) {} }  // the run is in its folder
    let output = try finishedRun(of: cluster, recipe: Self.comparingRecipe)
    let answers = try lines(output, "answers.jsonl").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    #expect(answers.count == 2 * 4)
    for answer in answers {
      let scores = try #require(answer["scores"] as? [String: Double])
      let reward = try #require(answer["reward"] as? Double)
      var sum = 0.0
      for source in try #require(answer["sources"] as? [[String: Any]]) {
        let score = try #require(scores[source["principle"] as? String ?? ""])
        let mean = try #require(source["mean"] as? Double)
        let deviation = try #require(source["standard_deviation"] as? Double)
        #expect((source["weight_hash"] as? String)?.count == 64)
        sum += (score - mean) / deviation
      }
      #expect(abs(reward - sum) < 1e-6)
    }
  }

  @Test func `a judge that only compares takes a run to its end`() throws {
    let cluster = try comparingCluster()
    defer { withExtendedLifetime(cluster) {} }  // the run is in its folder
    let output = try finishedRun(of: cluster, recipe: Self.comparingRecipe)
    let summary = try summary(of: output)
    let principles = try #require(summary["principles"] as? [String: [String: Any]])
    for (id, values) in principles {
      let base = try #require(values["base_mean"] as? Double)
      let tuned = try #require(values["tuned_mean"] as? Double)
      #expect(abs(base + tuned - 1) < 1e-6, "\(id)")
    }
  }

  /// Services on the random model, which is its own judge: it compares and does not measure.
  private func comparingCluster() throws -> Cluster {
    let shipped = try String(
      contentsOfFile: Program.shippedConfiguration(of: "labeler"),
      encoding: .utf8
    )
    let judge = "  - kind: model\n    model: {path: \"${MORLAIF_MODEL}\"}"
    let settings =
      shipped
      .replacingOccurrences(of: "  - kind: rules  # deterministic, offline, free", with: judge)
      .replacingOccurrences(
        of: "${CONFIGURATION_FOLDER}",
        with: Program.projectRoot.appendingPathComponent("compose/config").path
      )
    #expect(settings.contains(judge))
    return try Cluster(configurations: ["labeler": settings])
  }

  private static let comparingRecipe = recipe.replacingOccurrences(
    of: "judge: rules",
    with: "judge: model"
  )

  /// Runs a recipe to its end and returns the run's folder.
  private func finishedRun(of cluster: Cluster, recipe: String) throws -> String {
    let path = cluster.folder.path("recipe.yaml")
    try Data(recipe.utf8).write(to: URL(fileURLWithPath: path))
    let output = cluster.folder.path("run")
    try cluster.expectSuccess(
      cluster.morlaif(["run", path, "--output", output] + cluster.endpoints)
    )
    return output
  }

  private func summary(of folder: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/summary.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func lines(_ folder: String, _ name: String) throws -> [Substring] {
    try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n")
  }

  private static let recipe = """
    name: smallest
    seed: 5
    principles:
      - {id: conciseness, weight: 1}
      - {id: understandability, weight: 1}
    judge: rules
    prompts: {file: \(Program.projectRoot.path)/Tests/Integration/prompts.jsonl, held_out_share: 0.25}
    sampling: {samples_per_prompt: 4, tokens_max: 24}
    preferences: {top_layers: 2, rank: 4, epochs: 1, held_out_share: 0.25}
    scalarizer: {method: linear}
    policy: {top_layers: 2, rank: 4, steps: 2, prompts_per_step: 4, samples_per_prompt: 1, epochs: 1, minibatches: 1}
    evaluation: {samples_per_prompt: 2, tokens_max: 24}
    """
}

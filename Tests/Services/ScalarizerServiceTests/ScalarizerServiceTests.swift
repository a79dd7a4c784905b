import Foundation
import Messages
import RPC
import ScalarizerService
import ServiceKit
import ServiceStubs
import ServiceTesting
import Testing

@Suite struct ScalarizerServiceTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func withScalarizer<Result: Sendable>(
    _ text: String = "",
    _ body: @escaping @Sendable (ScalarizerClient) async throws -> Result
  ) async throws -> Result {
    let context = try TestService.context("scalarizer", folder: folder.path)
    let assembly = try await ScalarizerDefinition.assemble(
      TestService.configuration(ScalarizerServiceConfiguration.self, text),
      in: context
    )
    return try await TestService.run(assembly) { client, _ in
      try await body(ScalarizerClient(client))
    }
  }

  private static let linear = ScalarizationConfiguration(
    method: .linear,
    weights: [
      PrincipleWeight(
        principleID: "a",
        weight: 2,
        normaliser: Normaliser(mean: 1, standardDeviation: 2)
      ),
      PrincipleWeight(principleID: "b", weight: -1),
    ]
  )

  private static let scores = ScoreMatrix(
    principleIDs: ["b", "a"],
    itemIDs: ["x", "y"],
    values: [1, 3, 0, 1]
  )
  private static let sources = [ScoreSource(principleID: "b", mean: 0.5, standardDeviation: 0.5)]

  @Test func `rewards, contributions and version come back in the caller's order`() async throws {
    try await withScalarizer { scalarizer in
      let made = try await scalarizer.configure(ConfigureRequest(configuration: Self.linear))
      #expect(made.configurationVersion == 1)
      #expect(made.configurationHash.count == 64)
      let reply = try await scalarizer.scalarize(
        ScalarizeRequest(scores: Self.scores, sources: Self.sources)
      )
      // x: a standardised 1, b standardised 1; y: a 0, b -1.
      #expect(reply.rewards == [1, 1])
      #expect(reply.contributions == [-1, 2, 1, 0])
      #expect(reply.configurationVersion == 1)
      #expect(reply.configurationHash == made.configurationHash)
    }
  }

  @Test func `what cannot be scalarized is refused by name`() async throws {
    try await withScalarizer { scalarizer in
      func scalarize(
        _ scores: ScoreMatrix,
        _ sources: [ScoreSource] = Self.sources,
        version: UInt64 = 0
      ) async -> (code: RPCError.Code?, message: String) {
        await refusal {
          try await scalarizer.scalarize(
            ScalarizeRequest(scores: scores, sources: sources, configurationVersion: version)
          )
        }
      }
      let unconfigured = await scalarize(Self.scores)
      #expect(unconfigured.code == .failedPrecondition)
      #expect(unconfigured.message.contains("call Configure"))
      _ = try await scalarizer.configure(ConfigureRequest(configuration: Self.linear))

      let unknown = await scalarize(
        ScoreMatrix(principleIDs: ["a", "b", "c"], itemIDs: ["x"], values: [1, 2, 3])
      )
      #expect(unknown.code == .invalidArgument && unknown.message.contains("'c'"))
      let missing = await scalarize(
        ScoreMatrix(principleIDs: ["a"], itemIDs: ["x"], values: [1])
      )
      #expect(missing.code == .invalidArgument && missing.message.contains("'b'"))
      var broken = Self.scores
      broken.values[2] = .nan
      let notFinite = await scalarize(broken)
      #expect(notFinite.message.contains("item 'y'") && notFinite.message.contains("'b'"))
      let open = await scalarize(Self.scores, [])
      #expect(open.code == .invalidArgument && open.message.contains("'b' has no mean"))
      let flat = await scalarize(
        Self.scores,
        [ScoreSource(principleID: "b", mean: 0, standardDeviation: 0)]
      )
      #expect(flat.code == .invalidArgument)
      let future = await scalarize(Self.scores, version: 7)
      #expect(future.code == .notFound && future.message.contains("7"))
    }
  }

  @Test func `an expected version that is not in force is refused`() async throws {
    try await withScalarizer { scalarizer in
      _ = try await scalarizer.configure(ConfigureRequest(configuration: Self.linear))
      let conflict = await refusal {
        try await scalarizer.configure(
          ConfigureRequest(configuration: Self.linear, expectedVersion: 5)
        )
      }
      #expect(conflict.code == .aborted)
      var invalid = Self.linear
      invalid.weights[0].weight = .infinity
      let refused = await refusal {
        try await scalarizer.configure(ConfigureRequest(configuration: invalid))
      }
      #expect(refused.code == .invalidArgument && refused.message.contains("weights.a"))
      for (change, field) in Self.tooLarge {
        var large = Self.linear
        change(&large)
        let refused = await refusal {
          try await scalarizer.configure(ConfigureRequest(configuration: large))
        }
        #expect(refused.code == .invalidArgument, "\(refused)")
        #expect(refused.message.hasPrefix("\(field): "), "\(refused.message)")
        #expect(refused.message.contains(field == "tau" ? "at least 1e-09" : "at most 1000000000"))
      }
      let none = await refusal {
        try await scalarizer.configure(
          ConfigureRequest(configuration: ScalarizationConfiguration(weights: Self.linear.weights))
        )
      }
      #expect(none.code == .invalidArgument && none.message.contains("method"))
    }
  }

  /// Numbers that are finite and whose rewards would not be.
  private static let tooLarge:
    [(change: @Sendable (inout ScalarizationConfiguration) -> Void, field: String)] = [
      ({ $0.weights[0].weight = 1e308 }, "weights.a"),
      ({ $0.weights[1].weight = -1e10 }, "weights.b"),
      (
        { $0.weights[0].normaliser = Normaliser(mean: -1e300, standardDeviation: 1) },
        "weights.a.normaliser.mean"
      ),
      ({ $0.variancePenalty = VariancePenalty(lambda: 1e300) }, "variance_penalty.lambda"),
      ({ $0.tau = 1e-300 }, "tau"),
    ]

  @Test func `versions, hashes and rewards survive a restart`() async throws {
    var maxmin = Self.linear
    maxmin.method = .maxmin
    let second = maxmin
    let before = try await withScalarizer { scalarizer in
      _ = try await scalarizer.configure(
        ConfigureRequest(configuration: Self.linear, comment: "first")
      )
      _ = try await scalarizer.configure(ConfigureRequest(configuration: second, comment: "second"))
      // The same again keeps its version, so that a repeated request is harmless.
      let again = try await scalarizer.configure(ConfigureRequest(configuration: second))
      #expect(again.configurationVersion == 2)
      return try await scalarizer.describe(DescribeConfigurationRequest())
    }
    try await withScalarizer { scalarizer in
      let after = try await scalarizer.describe(DescribeConfigurationRequest())
      #expect(after == before)
      #expect(after.history.map(\.comment) == ["first", "second"])
      #expect(after.configuration?.method == .maxmin)
      let old = try await scalarizer.scalarize(
        ScalarizeRequest(scores: Self.scores, sources: Self.sources, configurationVersion: 1)
      )
      #expect(old.rewards == [1, 1] && old.configurationVersion == 1)
      let new = try await scalarizer.scalarize(
        ScalarizeRequest(scores: Self.scores, sources: Self.sources)
      )
      // v of b is turned round: x has min(1, -1), y has min(0, 1).
      #expect(new.rewards == [-1, 0] && new.configurationVersion == 2)
      let back = try await scalarizer.configure(ConfigureRequest(configuration: Self.linear))
      #expect(back.configurationVersion == 3)
      #expect(back.configurationHash == after.history[0].configurationHash)
    }
  }

  @Test func `the initial function of the file is version 1`() async throws {
    let text = """
      initial:
        method: softmin_lse
        weights: {a: 1, b: 1}
        normaliser: {a: {mean: 0, std: 1}}
        tau: 0.5
      """
    try await withScalarizer(text) { scalarizer in
      let reply = try await scalarizer.describe(DescribeConfigurationRequest())
      #expect(reply.configurationVersion == 1)
      #expect(reply.configuration?.method == .softminLse)
      #expect(reply.configuration?.tau == 0.5)
      #expect(reply.configuration?.weights.map(\.principleID) == ["a", "b"])
      #expect(reply.configuration?.weights[1].normaliser == nil)
    }
  }

  @Test func `a history that was tampered with is refused`() async throws {
    try await withScalarizer { scalarizer in
      _ = try await scalarizer.configure(ConfigureRequest(configuration: Self.linear))
    }
    let path = folder.file("configurations.jsonl")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacingOccurrences(of: "\"weight\":2", with: "\"weight\":3")
      .write(toFile: path, atomically: true, encoding: .utf8)
    await #expect(throws: ServiceKitError.self) { try await withScalarizer { _ in } }
  }

  @Test func `weights that people follow are found again`() async throws {
    try await withScalarizer { scalarizer in
      var chosen: [Float] = []
      var rejected: [Float] = []
      // Principle a decides, b disagrees every third time, and some pairs go against both.
      for row in 0..<120 {
        let sign: Float = row % 5 == 0 ? -1 : 1
        let first = Float(row % 7) / 7 + 0.5
        chosen += [sign * first, row % 3 == 0 ? 0 : 1]
        rejected += [0, row % 3 == 0 ? 1 : Float(row % 4) / 2]
      }
      let ids = (0..<120).map { "pair-\($0)" }
      let reply = try await scalarizer.fitWeights(
        FitWeightsRequest(
          chosen: ScoreMatrix(principleIDs: ["a", "b"], itemIDs: ids, values: chosen),
          rejected: ScoreMatrix(principleIDs: ["a", "b"], itemIDs: ids, values: rejected)
        )
      )
      #expect(reply.weights.map(\.principleID) == ["a", "b"])
      #expect(reply.weights.allSatisfy { ($0.normaliser?.standardDeviation ?? 0) > 0 })
      #expect(reply.weights[0].weight > 0)
      #expect(reply.accuracy > 0.6 && reply.accuracy <= 1)
      let uneven = await refusal {
        try await scalarizer.fitWeights(
          FitWeightsRequest(
            chosen: ScoreMatrix(principleIDs: ["a"], itemIDs: ["x"], values: [1]),
            rejected: ScoreMatrix(principleIDs: ["b"], itemIDs: ["x"], values: [0])
          )
        )
      }
      #expect(uneven.code == .invalidArgument)
    }
  }
}

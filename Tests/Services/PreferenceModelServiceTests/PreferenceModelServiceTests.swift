import Foundation
import Messages
import ModelKit
import PreferenceModelService
import RPC
import ServiceKit
import ServiceStubs
import ServiceTesting
import Testing

@Suite struct PreferenceModelServiceTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Runs the service over the tiny model with a labeler that answers as told.
  private func withService<Result: Sendable>(
    labels: FakeLabeler = FakeLabeler(),
    _ body: @escaping @Sendable (PreferenceModelClient) async throws -> Result
  ) async throws -> Result {
    try await TestService.run([LabelerService(labels)]) { [folder] _, labeler in
      let configuration = try TestService.configuration(
        PreferenceModelServiceConfiguration.self,
        "model: \(TestModel.tinyChat)"
      )
      let assembly = try await PreferenceModelDefinition.assemble(
        configuration,
        in: TestService.context(
          "preference-model",
          folder: folder.path,
          peers: ["labeler": labeler]
        )
      )
      return try await TestService.run(assembly) { client, _ in
        try await body(PreferenceModelClient(client))
      }
    }
  }

  private static let request = TrainPreferencesRequest(
    datasetID: "set",
    adapterID: "first",
    hyperparameters: PreferenceHyperparameters(rank: 2, topLayers: 1, epochs: 1),
    seed: 3
  )

  private static func train(
    _ service: PreferenceModelClient,
    _ request: TrainPreferencesRequest = Self.request
  ) async throws -> [TrainPreferencesReply] {
    try await service.train(request) { try await collect($0) }
  }

  private static func finished(
    _ replies: [TrainPreferencesReply]
  ) throws -> TrainPreferencesFinished {
    guard case .finished(let finished)? = replies.last?.kind else {
      throw RPCError(code: .internal, message: "the last reply is not the result")
    }
    return finished
  }

  private static let items = (0..<5).map {
    TextItem(
      id: "item-\($0)",
      prompt: "Say a number.",
      response: String(repeating: "one ", count: $0)
    )
  }

  @Test func `a training says what it uses, how far it is and what came of it`() async throws {
    try await withService { service in
      let replies = try await Self.train(service)
      let started = replies.compactMap {
        if case .started(let started) = $0.kind { started } else { nil }
      }
      #expect(started.count == 1)
      #expect(started[0].principleIDs == ["length", "shape"])
      #expect(started[0].hyperparameters?.rank == 2)
      #expect(started[0].hyperparameters?.learningRate ?? 0 > 0)
      #expect(started[0].trainingPairs > started[0].heldOutPairs)
      #expect(started[0].heldOutPairs > 0)
      let stages = Set(
        replies.compactMap { if case .progress(let report) = $0.kind { report.stage } else { nil } }
      )
      #expect(stages.isSuperset(of: ["labels", "shared_training", "training"]))
      // What the contract lists.
      let known: Set = ["labels", "trunk", "shared_training", "training", "evaluation"]
      #expect(stages.isSubset(of: known))
      let finished = try Self.finished(replies)
      #expect(finished.reports.compactMap { $0.source?.principleID } == ["length", "shape"])
      #expect(!finished.reused)
      for report in finished.reports {
        #expect(report.source?.weightHash.count == 64)
        #expect(report.source?.adapterID == "first")
        let heldOut = try #require(report.heldOut)
        #expect(heldOut.pairs > 0 && (0...1).contains(heldOut.accuracy))
        #expect(heldOut.accuracyLow <= heldOut.accuracy && heldOut.accuracy <= heldOut.accuracyHigh)
        // The labels of the fake prefer the short answer, so length must show.
        #expect(heldOut.lengthCorrelation != 0 && abs(heldOut.lengthCorrelation) <= 1)
        #expect(report.training?.lengthCorrelation ?? 0 != 0)
      }
    }
  }

  @Test func `scores come with their sources and survive a restart`() async throws {
    let before = try await withService { service in
      let finished = try Self.finished(try await Self.train(service))
      let reply = try await service.score(ScoreRequest(items: Self.items))
      #expect(reply.sources == finished.reports.compactMap(\.source))
      #expect(reply.scores?.itemIDs == Self.items.map(\.id))
      #expect(reply.scores?.values.count == 10)
      return reply
    }
    try await withService { service in
      let after = try await service.score(ScoreRequest(items: Self.items))
      #expect(after == before)
      let again = try Self.finished(try await Self.train(service))
      #expect(again.reused)
      #expect(again.reports.compactMap(\.source) == before.sources)
      let models = try await service.listModels(ListModelsRequest()).models
      #expect(models.map(\.datasetID) == ["set", "set"])
    }
  }

  @Test func `a row does not depend on what is scored beside it`() async throws {
    try await withService { service in
      _ = try await Self.train(service)
      let all = try await service.score(
        ScoreRequest(items: Self.items, principleIDs: ["shape", "length"])
      )
      #expect(all.scores?.principleIDs == ["shape", "length"])
      try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
        for (row, item) in Self.items.enumerated() {
          group.addTask {
            let reply = try await service.score(
              ScoreRequest(items: [item], principleIDs: ["shape", "length"])
            )
            return (row, reply.scores?.values ?? [])
          }
        }
        for try await (row, values) in group {
          let expected = Array(all.scores?.values[(2 * row)..<(2 * row + 2)] ?? [])
          for (a, b) in zip(values, expected) { #expect(abs(a - b) < 1e-4) }
        }
      }
    }
  }

  @Test func `what cannot be scored is refused by name`() async throws {
    try await withService { service in
      let untrained = await refusal { try await service.score(ScoreRequest(items: Self.items)) }
      #expect(untrained.code == .failedPrecondition)
      _ = try await Self.train(service)
      let unknown = await refusal {
        try await service.score(ScoreRequest(items: Self.items, principleIDs: ["beauty"]))
      }
      #expect(unknown.code == .notFound && unknown.message.contains("beauty"))
      let adapter = await refusal {
        try await service.score(ScoreRequest(items: Self.items, adapterID: "other"))
      }
      #expect(adapter.code == .notFound && adapter.message.contains("other"))
      let empty = await refusal { try await service.score(ScoreRequest()) }
      #expect(empty.code == .invalidArgument)
      let twice = await refusal {
        try await service.score(ScoreRequest(items: [Self.items[0], Self.items[0]]))
      }
      #expect(twice.code == .invalidArgument && twice.message.contains("item-0"))
      let long = TextItem(
        id: "novel",
        prompt: "x",
        response: String(repeating: "word ", count: 20_000)
      )
      let tooLong = await refusal { try await service.score(ScoreRequest(items: [long])) }
      #expect(tooLong.code == .invalidArgument && tooLong.message.contains("novel"))
    }
  }

  @Test func `a second training waits its turn by being refused`() async throws {
    let labels = FakeLabeler()
    labels.hold()
    try await withService(labels: labels) { service in
      let first = Task { try await Self.train(service) }
      try await labels.waitUntilAsked()
      let second = await refusal { try await Self.train(service) }
      #expect(second.code == .failedPrecondition && second.message.contains("running"))
      labels.release()
      #expect(try Self.finished(try await first.value).reports.count == 2)
    }
  }

  @Test func `labels that cannot be true are refused by their pair`() async throws {
    for bad in [Double.nan, -0.1, 1.5] {
      let labels = FakeLabeler(badProbability: bad)
      try await withService(labels: labels) { service in
        let refused = await refusal { try await Self.train(service) }
        #expect(refused.code == .dataLoss && refused.message.contains("pair-0"), "\(refused)")
      }
    }
  }

  @Test func `a labeler that cannot be had is said so`() async throws {
    let context = try TestService.context(
      "preference-model",
      folder: folder.path,
      peers: ["labeler": PeerSection(host: "127.0.0.1", port: 1)]
    )
    let assembly = try await PreferenceModelDefinition.assemble(
      TestService.configuration(
        PreferenceModelServiceConfiguration.self,
        "model: \(TestModel.tinyChat)"
      ),
      in: context
    )
    let refused = try await TestService.run(assembly) { client, _ in
      await refusal { try await Self.train(PreferenceModelClient(client)) }
    }
    #expect(refused.code == .unavailable)
  }

  @Test func `evaluation measures every pair and a model's files can be fetched`() async throws {
    try await withService { service in
      _ = try await Self.train(service)
      let reply = try await service.evaluate(EvaluatePreferencesRequest(datasetID: "set"))
      #expect(reply.reports.count == 2)
      for report in reply.reports {
        let all = try #require(report.heldOut)
        #expect(all.pairs + all.ties == 40)
        #expect(all.lengthCorrelation.isFinite && abs(all.lengthCorrelation) <= 1)
        #expect(report.training == nil)
      }
      let chunks = try await service.fetchModel(
        FetchModelRequest(principleID: "length")
      ) { try await collect($0) }
      var files: [String: Int] = [:]
      for chunk in chunks {
        #expect(Int(chunk.offset) == files[chunk.path, default: 0])
        files[chunk.path, default: 0] += chunk.data.count
      }
      #expect(files["adapter_config.json"] ?? 0 > 0)
      #expect(files["adapter_model.safetensors"] ?? 0 > 0)
    }
  }

  @Test func `settings out of range are refused by name`() async throws {
    try await withService { service in
      var request = Self.request
      request.hyperparameters = PreferenceHyperparameters(topLayers: 500)
      let layers = request
      let refused = await refusal { try await Self.train(service, layers) }
      #expect(refused.code == .invalidArgument && refused.message.contains("top_layers"))
      request = Self.request
      request.adapterID = "../escape"
      let path = request
      #expect(await refusal { try await Self.train(service, path) }.code == .invalidArgument)
      request.adapterID = "x"
      request.hyperparameters = PreferenceHyperparameters(learningRate: .nan)
      let rate = request
      #expect(await refusal { try await Self.train(service, rate) }.code == .invalidArgument)
    }
  }
}

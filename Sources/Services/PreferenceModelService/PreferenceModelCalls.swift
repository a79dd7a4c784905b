internal import LanguageModels
internal import Messages
internal import ModelKit
internal import Preferences
internal import RPC
internal import ServiceKit
internal import ServiceStubs
internal import Tokenization

/// Answers the calls of the PreferenceModel service.
struct PreferenceModelCalls: PreferenceModelHandler {
  let base: BaseModel
  let shelf: ModelShelf
  let scores: ScoreDesk
  let trainings: TrainingDesk
  let labeler: LabelerClient
  let limits: PreferenceModelLimits
  let metrics: MetricsRegistry

  /// Most principles of one request.
  static let principlesMax = 1024

  /// Scores items by principles.
  func score(_ request: ScoreRequest, context: RPCServerContext) async throws -> ScoreReply {
    let items = request.items
    try MessageChecks.identifiers(items.map(\.id), "items", countMax: limits.itemsMax)
    let models = try choose(request.principleIDs, adapterID: request.adapterID)
    let values = try await scores.score(
      items.map { PreferenceText(prompt: $0.prompt, response: $0.response) },
      itemIDs: items.map(\.id),
      models: models
    )
    metrics.add(Double(values.count), to: MetricCatalog.preferenceScores)
    return ScoreReply(
      scores: ScoreMatrix(
        principleIDs: models.map(\.note.principleID),
        itemIDs: items.map(\.id),
        values: values.map { Float($0) }
      ),
      sources: models.map { $0.source(modelID: base.id) }
    )
  }

  /// Compares the models with the labels of a dataset.
  func evaluate(
    _ request: EvaluatePreferencesRequest,
    context: RPCServerContext
  ) async throws -> EvaluatePreferencesReply {
    let datasetID = try MessageChecks.identifier(request.datasetID, "dataset_id")
    let dataset = try await fetch(datasetID, request.principleIDs) { _ in }
    let models = try choose(
      request.principleIDs.isEmpty ? dataset.principleIDs : request.principleIDs,
      adapterID: request.adapterID
    )
    var reports: [PreferenceModelReport] = []
    for model in models {
      let pairs = dataset.pairs[model.note.principleID] ?? []
      reports.append(
        PreferenceModelReport(
          source: model.source(modelID: base.id),
          heldOut: try await evaluate(model, pairs)
        )
      )
    }
    return EvaluatePreferencesReply(reports: reports)
  }

  /// The models.
  func listModels(
    _ request: ListModelsRequest,
    context: RPCServerContext
  ) async throws -> ListModelsReply {
    ListModelsReply(models: shelf.all.map { $0.entry(modelID: base.id) })
  }

  /// The files of one model.
  func fetchModel(
    _ request: FetchModelRequest,
    replies: RPCWriter<FileChunk>,
    context: RPCServerContext
  ) async throws {
    let id = try MessageChecks.identifier(request.principleID, "principle_id")
    guard let model = try choose([id], adapterID: request.adapterID).first else { return }
    let path = shelf.path(of: model)
    try await Offload.run { try await FolderChunks.send(path, to: replies) }
  }

  /// Trains one model for each principle.
  func train(
    _ request: TrainPreferencesRequest,
    replies: RPCWriter<TrainPreferencesReply>,
    context: RPCServerContext
  ) async throws {
    let datasetID = try MessageChecks.identifier(request.datasetID, "dataset_id")
    let adapterID = try MessageChecks.fileName(
      request.adapterID.isEmpty ? datasetID : request.adapterID,
      request.adapterID.isEmpty ? "dataset_id, which names the adapters" : "adapter_id"
    )
    let settings = try TrainingSettings(
      request.hyperparameters,
      seed: request.seed,
      layerCount: base.model.configuration.layerCount,
      limits: limits
    )
    try await trainings.exclusively {
      try await train(
        datasetID: datasetID,
        adapterID: adapterID,
        settings: settings,
        request: request,
        replies
      )
    }
  }

  /// Fetches the labels, trains what is missing and tells the results.
  private func train(
    datasetID: String,
    adapterID: String,
    settings: TrainingSettings,
    request: TrainPreferencesRequest,
    _ replies: RPCWriter<TrainPreferencesReply>
  ) async throws {
    let start = ContinuousClock.now
    let dataset = try await fetch(datasetID, request.principleIDs) { count in
      try await replies.write(
        TrainPreferencesReply(
          kind: .progress(TrainPreferencesProgress(stage: "labels", done: UInt64(count)))
        )
      )
    }
    let wanted = request.principleIDs.isEmpty ? dataset.principleIDs : request.principleIDs
    let heldOut = dataset.heldOutPrompts(
      share: settings.configuration.heldOutShare,
      seed: request.seed
    )
    var fingerprints: [String: String] = [:]
    for id in wanted {
      fingerprints[id] = dataset.fingerprint(
        id,
        heldOut: heldOut,
        settings: settings.description(base: base.version)
      )
    }
    let missing = wanted.filter { id in
      request.force
        || shelf.find(adapterID: adapterID, principleID: id)?.note.fingerprint != fingerprints[id]
    }
    try await replies.write(
      TrainPreferencesReply(kind: .started(started(settings, wanted, dataset, heldOut)))
    )
    if !missing.isEmpty {
      try await train(
        TrainingDesk.Order(
          adapterID: adapterID,
          datasetID: datasetID,
          settings: settings,
          dataset: dataset,
          heldOut: heldOut,
          fingerprints: fingerprints,
          principleIDs: missing
        ),
        replies
      )
    }
    let models = try shelf.choose(wanted, adapterID: adapterID)
    try await replies.write(
      TrainPreferencesReply(
        kind: .finished(
          TrainPreferencesFinished(
            reports: models.map { $0.report(modelID: base.id) },
            seconds: (ContinuousClock.now - start).seconds,
            reused: missing.isEmpty
          )
        )
      )
    )
  }

  /// Trains while the caller is told how far it is; a caller that leaves ends the training.
  private func train(
    _ order: TrainingDesk.Order,
    _ replies: RPCWriter<TrainPreferencesReply>
  ) async throws {
    let (progress, continuation) = AsyncStream.makeStream(
      of: TrainPreferencesProgress.self,
      bufferingPolicy: .bufferingNewest(8)
    )
    let isComplete = try await withThrowingTaskGroup(of: Bool?.self) { group in
      group.addTask {
        defer { continuation.finish() }
        return try await trainings.train(order) { continuation.yield($0) }
      }
      group.addTask {
        for await report in progress {
          try await replies.write(TrainPreferencesReply(kind: .progress(report)))
        }
        return nil
      }
      var isComplete = false
      while let result = try await group.next() {
        if let result { isComplete = result }
      }
      return isComplete
    }
    guard isComplete else {
      throw RPCError(
        code: Task.isCancelled ? .cancelled : .unavailable,
        message: "the training was stopped; principles that were finished are kept"
      )
    }
    metrics.add(Double(order.principleIDs.count), to: MetricCatalog.preferenceTrainings)
  }

  private func fetch(
    _ datasetID: String,
    _ principleIDs: [String],
    didRead: (Int) async throws -> Void
  ) async throws -> LabelledDataset {
    if !principleIDs.isEmpty {
      try MessageChecks.identifiers(
        principleIDs,
        "principle_ids",
        countMax: Self.principlesMax
      )
    }
    return try await LabelledDataset.fetch(
      datasetID,
      principleIDs: principleIDs,
      from: labeler,
      didRead: didRead
    )
  }

  private func choose(
    _ principleIDs: [String],
    adapterID: String
  ) throws(RPCError) -> [InstalledModel] {
    if !principleIDs.isEmpty {
      try MessageChecks.identifiers(
        principleIDs,
        "principle_ids",
        countMax: Self.principlesMax
      )
    }
    return try shelf.choose(principleIDs, adapterID: adapterID)
  }

  private func started(
    _ settings: TrainingSettings,
    _ principleIDs: [String],
    _ dataset: LabelledDataset,
    _ heldOut: Set<String>
  ) -> TrainPreferencesStarted {
    // Equal answers cannot be told apart and are not trained on.
    let used = principleIDs.flatMap { dataset.pairs[$0] ?? [] }.filter { $0.first != $0.second }
    let heldOutCount = used.count { heldOut.contains($0.prompt) }
    return TrainPreferencesStarted(
      hyperparameters: settings.message,
      principleIDs: principleIDs,
      trainingPairs: UInt64(used.count - heldOutCount),
      heldOutPairs: UInt64(heldOutCount)
    )
  }

  private func evaluate(
    _ model: InstalledModel,
    _ pairs: [LabelledPair]
  ) async throws -> PreferenceEvaluation {
    let texts = pairs.flatMap { pair in
      [
        PreferenceText(prompt: pair.prompt, response: pair.first),
        PreferenceText(prompt: pair.prompt, response: pair.second),
      ]
    }
    let ids = pairs.indices.flatMap { ["pair \($0) a", "pair \($0) b"] }
    let values = try await scores.score(texts, itemIDs: ids, models: [model])
    let lengths = texts.map {
      Double(base.tokenizer.encode($0.response, allowSpecial: false).count)
    }
    let metrics = PreferenceMetrics(
      pairs.indices.map { index in
        PreferenceMetrics.Observation(
          difference: values[2 * index] - values[2 * index + 1],
          target: pairs[index].target,
          margin: pairs[index].margin
        )
      },
      lengthCorrelation: Correlation.pearson(values, lengths)
    )
    return metrics.message
  }
}

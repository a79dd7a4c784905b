internal import Labeling
internal import Messages
internal import RPC
internal import ServiceKit
internal import ServiceStubs

/// Answers the calls of the Labeler service.
struct LabelerCalls: LabelerHandler {
  let engine: LabelingEngine
  let book: PrincipleBook
  let judges: JudgeBench
  let ledger: SpendingLedger
  let batches: BatchKeeper
  let metrics: MetricsRegistry

  /// Most items of one `Measure`.
  static let measureItemsMax = 65_536
  /// Pairs fetched from the store at a time.
  static let pageLength = 256
  /// Preferences stored at a time.
  static let importLength = 256

  /// Every label of a dataset with its pair.
  func export(
    _ request: ExportRequest,
    replies: RPCWriter<ExportReply>,
    context: RPCServerContext
  ) async throws {
    let dataset = try MessageChecks.identifier(request.datasetID, "dataset_id")
    let store = engine.store
    guard try await store.datasets().contains(where: { $0.name == dataset }) else {
      throw RPCError(code: .notFound, message: "dataset '\(dataset)' does not exist")
    }
    let stored = try await principleIDs(inDataset: dataset)
    for id in request.principleIDs where !stored.contains(id) {
      throw RPCError(
        code: .notFound,
        message: "dataset '\(dataset)' has no labels for principle '\(id)'"
      )
    }
    let wanted = request.principleIDs.isEmpty ? stored : request.principleIDs
    let hashes = hashes(of: wanted)
    var position: Int64 = 0
    while true {
      let page = try await store.pairs(
        dataset: dataset,
        principleHashes: hashes,
        after: position,
        limit: Self.pageLength
      )
      guard let last = page.last else { return }
      position = last.position
      for item in page {
        try await replies.write(
          ExportReply(pair: item.pair.message, labels: item.labels.map(\.message))
        )
      }
    }
  }

  /// Stores preferences that people or other judges gave.
  func `import`(
    _ requests: RPCStream<ImportRequest>,
    context: RPCServerContext
  ) async throws -> ImportReply {
    var iterator = requests.makeAsyncIterator()
    guard case .datasetID(let name)? = try await iterator.next()?.kind else {
      throw MessageChecks.refusal("the first message must be the dataset_id")
    }
    let dataset = try MessageChecks.identifier(name, "dataset_id")
    var waiting: [LabelledPair] = []
    var (stored, total) = (0, 0)
    while let request = try await iterator.next() {
      guard case .preference(let preference) = request.kind else {
        throw MessageChecks.refusal("every message after the dataset_id must be a preference")
      }
      let labelled = try LabelledPair(preference)
      try labelled.pair.validate()
      waiting.append(labelled)
      total += 1
      if waiting.count == Self.importLength {
        stored += try await engine.store.save(waiting, dataset: dataset)
        waiting = []
      }
    }
    stored += try await engine.store.save(waiting, dataset: dataset)
    metrics.add(Double(stored), to: MetricCatalog.labelsImported)
    return ImportReply(stored: UInt64(stored), alreadyKnown: UInt64(max(0, total - stored)))
  }

  /// The principles and judges.
  func listPrinciples(
    _ request: ListPrinciplesRequest,
    context: RPCServerContext
  ) async throws -> ListPrinciplesReply {
    ListPrinciplesReply(principles: book.all.map(\.message), judgeIDs: judges.ids)
  }

  /// Adds or replaces a principle.
  func putPrinciple(
    _ request: PutPrincipleRequest,
    context: RPCServerContext
  ) async throws -> PutPrincipleReply {
    guard let message = request.principle else {
      throw MessageChecks.refusal("principle is missing")
    }
    do {
      return PutPrincipleReply(replaced: try await book.put(Labeling.Principle(message)))
    } catch LabelingError.principleFile(_, let reason) {
      throw MessageChecks.refusal("principle '\(message.id)': \(reason)")
    }
  }

  /// The judge's measure of each answer by itself.
  func measure(
    _ request: MeasureRequest,
    context: RPCServerContext
  ) async throws -> MeasureReply {
    let panel = try judges.panel(request.judgeID)
    guard panel.members.count == 1, let measuring = panel.members[0] as? any MeasuringJudge else {
      throw RPCError(
        code: .failedPrecondition,
        message: "judge '\(request.judgeID.isEmpty ? panel.id : request.judgeID)' compares answers "
          + "and does not measure them"
      )
    }
    let items = request.items
    try MessageChecks.identifiers(items.map(\.id), "items", countMax: Self.measureItemsMax)
    let principles = try principles(request.principleIDs, for: panel)
    let values = try await Offload.run {
      try items.flatMap { item in
        try principles.map { principle in
          Float(
            try measuring.measure(
              principleID: principle.id,
              prompt: item.prompt,
              response: item.response
            )
          )
        }
      }
    }
    return MeasureReply(
      measures: Messages.ScoreMatrix(
        principleIDs: principles.map(\.id),
        itemIDs: items.map(\.id),
        values: values
      ),
      judgeID: measuring.id,
      judgeVersion: measuring.version
    )
  }

  /// The principles named, or those of all that the judge can judge.
  func principles(
    _ ids: [String],
    for panel: Panel
  ) throws(LabelingError) -> [Labeling.Principle] {
    let found = try book.find(ids)
    if ids.isEmpty {
      return found.filter { principle in (try? panel.check(principle)) != nil }
    }
    for principle in found { try panel.check(principle) }
    return found
  }

  /// Principles that have labels in a dataset, imported ones included.
  private func principleIDs(inDataset dataset: String) async throws -> [String] {
    var ids: Set<String> = []
    var position: Int64 = 0
    while true {
      let page = try await engine.store.pairs(
        dataset: dataset,
        after: position,
        limit: Self.pageLength
      )
      guard let last = page.last else { return ids.sorted() }
      position = last.position
      ids.formUnion(page.flatMap { $0.labels.map(\.principleID) })
    }
  }

  /// Wordings whose labels count: the present ones, and none for principles that were imported.
  private func hashes(of ids: [String]) -> [String: String] {
    let known = Dictionary(
      book.all.map { ($0.id, $0.textHash) },
      uniquingKeysWith: { first, _ in first }
    )
    return Dictionary(ids.map { ($0, known[$0] ?? "") }, uniquingKeysWith: { first, _ in first })
  }
}

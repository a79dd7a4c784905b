internal import Labeling
internal import Messages
internal import RPC
internal import ServiceKit

// How far judges can be trusted, and what people decide where they cannot.
extension LabelerCalls {
  /// Most items of one `ListDeferred`.
  static let deferredItemsMax = 256

  /// What the labels of a dataset are like.
  func statistics(
    _ request: StatisticsRequest,
    context: RPCServerContext
  ) async throws -> StatisticsReply {
    let dataset = try MessageChecks.identifier(request.datasetID, "dataset_id")
    let statistics = try await engine.store.statistics(dataset: dataset)
    guard !statistics.isEmpty else {
      throw RPCError(code: .notFound, message: "dataset '\(dataset)' has no labels")
    }
    return StatisticsReply(
      statistics: statistics.map(Messages.LabelStatistics.init),
      agreements: try await engine.store.agreements(dataset: dataset)
        .map(Messages.JudgeAgreement.init)
    )
  }

  /// What waits for a person.
  func listDeferred(
    _ request: ListDeferredRequest,
    context: RPCServerContext
  ) async throws -> ListDeferredReply {
    let dataset = request.datasetID.isEmpty ? nil : request.datasetID
    let limit = request.limit == 0 ? Self.deferredItemsMax : Int(request.limit)
    let items = try await engine.store.deferrals(
      dataset: dataset,
      principleIDs: request.principleIDs,
      includingResolved: request.includeResolved,
      after: Int64(clamping: request.afterID),
      limit: min(limit, Self.deferredItemsMax)
    )
    return ListDeferredReply(
      items: items.map(\.message),
      pending: UInt64(clamping: try await engine.store.deferralCount(dataset: dataset))
    )
  }

  /// Notes what a person decided.
  func resolve(_ request: ResolveRequest, context: RPCServerContext) async throws -> ResolveReply {
    let annotator = try MessageChecks.identifier(request.annotator, "annotator")
    var decisions: [(id: Int64, resolution: Labeling.Resolution?)] = []
    for decision in request.decisions {
      if case .unrecognized(let number) = decision.resolution {
        throw MessageChecks.refusal(
          "item \(decision.deferredID): resolution \(number) is unknown"
        )
      }
      decisions.append((Int64(clamping: decision.deferredID), decision.resolution.domain))
    }
    var count = 0
    for decision in decisions {
      guard
        try await engine.store.resolve(decision.id, decision.resolution, annotator: annotator)
      else {
        throw RPCError(
          code: .notFound,
          message: "item \(decision.id) is not deferred; \(count) decisions before it were noted"
        )
      }
      count += 1
    }
    return ResolveReply(resolved: UInt64(count))
  }
}

extension Labeling.DeferredPair {
  /// The contract's form.
  var message: Messages.DeferredPair {
    Messages.DeferredPair(
      id: UInt64(clamping: id),
      datasetID: dataset,
      pair: pair.message,
      label: label.message,
      reason: reason,
      resolution: resolution?.message ?? .pending,
      annotator: annotator
    )
  }
}

extension Labeling.Resolution {
  /// The contract's form.
  var message: Messages.Resolution {
    switch self {
    case .a: .a
    case .b: .b
    case .tie: .tie
    case .discard: .discard
    }
  }
}

extension Messages.Resolution {
  /// Our form; nil for a decision that is pending.
  var domain: Labeling.Resolution? {
    switch self {
    case .a: .a
    case .b: .b
    case .tie: .tie
    case .discard: .discard
    case .pending, .unrecognized: nil
    }
  }
}

extension Messages.LabelStatistics {
  /// The contract's form.
  init(_ statistics: Labeling.LabelStatistics) {
    self.init(
      principleID: statistics.principleID,
      judgeID: statistics.judgeID,
      labels: UInt64(clamping: statistics.count),
      consistent: UInt64(clamping: statistics.consistentCount),
      ties: UInt64(clamping: statistics.tieCount),
      comparable: UInt64(clamping: statistics.comparableCount),
      longerPreferred: UInt64(clamping: statistics.longerCount),
      meanConfidence: statistics.meanConfidence,
      firstPlaceShare: statistics.firstPlaceShare ?? 0,
      deferred: UInt64(clamping: statistics.deferredCount)
    )
  }
}

extension Messages.JudgeAgreement {
  /// The contract's form.
  init(_ agreement: Labeling.JudgeAgreement) {
    self.init(
      principleID: agreement.principleID,
      firstJudgeID: agreement.firstJudgeID,
      secondJudgeID: agreement.secondJudgeID,
      pairs: UInt64(clamping: agreement.count),
      agreement: agreement.agreement,
      kappa: agreement.kappa ?? .nan
    )
  }
}

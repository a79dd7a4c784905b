internal import Labeling
internal import Messages
internal import RPC
internal import ServiceKit

// Calls that take settings and then pairs.
extension LabelerCalls {
  /// Labels the caller's pairs; settings come first.
  func label(
    _ requests: RPCStream<LabelRequest>,
    replies: RPCWriter<LabelReply>,
    context: RPCServerContext
  ) async throws {
    let job = try await job(requests)
    // Judging takes time, so it leaves the event loop that this call came in on.
    _ = try await Offload.run {
      try await engine.label(job.pairs, as: job.plan) { outcome in
        try await replies.write(reply(outcome))
      }
    }
  }

  /// What labelling the caller's pairs would take.
  func estimate(
    _ requests: RPCStream<LabelRequest>,
    context: RPCServerContext
  ) async throws -> EstimateReply {
    let job = try await job(requests)
    let estimate = try await Offload.run {
      try await engine.estimate(job.pairs, as: job.plan)
    }
    return EstimateReply(estimate, hasPrice: job.plan.panel.isPriced)
  }

  /// What a caller wants labelled, and how.
  struct Job: Sendable {
    var plan: LabelingPlan
    var pairs: PairRequests
  }

  /// Takes the settings off a caller's stream.
  func job(_ requests: RPCStream<LabelRequest>) async throws -> Job {
    var iterator = requests.makeAsyncIterator()
    guard case .settings(let settings)? = try await iterator.next()?.kind else {
      throw MessageChecks.refusal("the first message must be the settings")
    }
    let dataset = try MessageChecks.identifier(settings.datasetID, "settings.dataset_id")
    let panel = try judges.panel(settings.judgeID)
    let plan = LabelingPlan(
      dataset: dataset,
      principles: try principles(settings.principleIDs, for: panel),
      panel: panel,
      account: try account(settings, dataset: dataset, panel),
      constitution: try settings.constitution.map { try constitution($0) },
      deferral: try settings.deferral.map { try deferral($0) }
    )
    return Job(plan: plan, pairs: PairRequests(requests))
  }

  private func constitution(_ settings: ConstitutionSettings) throws -> Constitution {
    let id = Constitution.principleID
    guard !book.all.contains(where: { $0.id == id }) else {
      throw RPCError(
        code: .failedPrecondition,
        message:
          "settings.constitution: its labels go by '\(id)', which is a principle here; rename it"
      )
    }
    return Constitution(seed: settings.seed)
  }

  private func deferral(_ settings: DeferralSettings) throws -> DeferralRule {
    DeferralRule(
      confidenceMin: try MessageChecks.inRange(
        settings.confidenceMin,
        0.5...1,
        "settings.deferral.confidence_min"
      ),
      defersInconsistent: settings.inconsistent
    )
  }

  /// Whom a call's costs are charged to.
  private func account(
    _ settings: LabelSettings,
    dataset: String,
    _ panel: Panel
  ) throws -> RunAccount {
    let runID =
      settings.runID.isEmpty
      ? dataset : try MessageChecks.identifier(settings.runID, "settings.run_id")
    guard let costMax = Money(dollars: settings.maxCost) else {
      throw MessageChecks.refusal("settings.max_cost \(settings.maxCost) is no amount of money")
    }
    guard settings.maxCost == 0 || panel.isPriced else {
      throw RPCError(
        code: .failedPrecondition,
        message:
          "settings.max_cost needs the price of judge \(panel.id)'s model under 'prices' in the "
          + "labeler's configuration"
      )
    }
    return RunAccount(
      runID: runID,
      costMax: settings.maxCost > 0 ? costMax : nil,
      requestCountMax: settings.maxRequests > 0 ? Int(clamping: settings.maxRequests) : nil
    )
  }

  private func reply(_ outcome: LabelOutcome) -> LabelReply {
    switch outcome.result {
    case .success(let label) where outcome.deferral != nil:
      return LabelReply(
        kind: .deferred(
          Messages.DeferredPair(label: label.message, reason: outcome.deferral ?? "")
        )
      )
    case .success(let label):
      metrics.add(to: outcome.wasKnown ? MetricCatalog.labelsKnown : MetricCatalog.labelsNew)
      return LabelReply(kind: .label(label.message))
    case .failure(let error):
      metrics.add(to: MetricCatalog.labelFailures)
      return LabelReply(
        kind: .failure(
          LabelFailure(
            pairID: outcome.pairID,
            principleID: outcome.principleID,
            reason: error.description
          )
        )
      )
    }
  }
}

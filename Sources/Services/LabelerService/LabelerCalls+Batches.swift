internal import Labeling
internal import Messages
internal import RPC
internal import ServiceKit

// Questions that an endpoint answers in batches.
extension LabelerCalls {
  /// Hands everything that the caller's pairs need over as batches.
  func submitBatch(
    _ requests: RPCStream<LabelRequest>,
    context: RPCServerContext
  ) async throws -> SubmitBatchReply {
    let job = try await job(requests)
    guard job.plan.panel.members.count == 1, let desk = judges.desks[job.plan.panel.id] else {
      throw RPCError(
        code: .failedPrecondition,
        message: "judge \(job.plan.panel.id) has no batch API; use a judge of kind http"
      )
    }
    let submission = try await Offload.run { try await desk.submit(job.pairs, as: job.plan) }
    batches.wake()
    return SubmitBatchReply(
      requests: UInt64(clamping: submission.requestCount),
      pending: UInt64(clamping: submission.pendingCount),
      known: UInt64(clamping: submission.knownCount)
    )
  }

  /// Batches and how far they are.
  func listBatches(
    _ request: ListBatchesRequest,
    context: RPCServerContext
  ) async throws -> ListBatchesReply {
    let found = try await engine.store.batches(
      runID: request.runID.isEmpty ? nil : request.runID
    )
    return ListBatchesReply(batches: found.map(Batch.init))
  }
}

extension Batch {
  /// The contract's form.
  init(_ batch: BatchSummary) {
    self.init(
      id: UInt64(clamping: batch.id),
      runID: batch.runID,
      judgeID: batch.judgeID,
      state: batch.state.message,
      attempt: UInt32(clamping: batch.attempt),
      remoteID: batch.remoteID ?? "",
      requests: UInt64(clamping: batch.requestCount),
      answered: UInt64(clamping: batch.answeredCount),
      note: batch.note
    )
  }
}

extension Labeling.BatchState {
  /// The contract's form.
  fileprivate var message: Messages.BatchState {
    switch self {
    case .prepared: .prepared
    case .sending: .sending
    case .submitted: .submitted
    case .collected: .collected
    case .failed: .failed
    }
  }
}
